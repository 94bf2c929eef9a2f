"""New bytes for a file, which keeps its id and its address."""
