"""Lists of pages."""
