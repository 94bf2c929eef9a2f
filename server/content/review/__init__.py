"""A draft's way through review."""
