"""Files into the graph: readers, mappings, the loader, the demo world."""
