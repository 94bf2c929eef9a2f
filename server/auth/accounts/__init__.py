"""Accounts and their grants as the rest of auth finds, makes and shows them."""
