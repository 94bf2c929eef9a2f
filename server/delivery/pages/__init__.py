"""Single pages, and the caches in front of them."""
