"""How much an organisation stores, and may."""
