"""Questions: each a pure function of a View."""
