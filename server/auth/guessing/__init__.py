"""How often secrets may be guessed."""
