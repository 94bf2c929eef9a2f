"""Access tokens, refresh tokens, and the keys that sign them."""
