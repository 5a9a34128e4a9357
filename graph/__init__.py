"""The graph: what it holds, where it is kept, and Views of it."""
