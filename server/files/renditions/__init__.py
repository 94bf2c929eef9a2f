"""Images made from files: made once, and kept."""
