"""Deletion of what was never public, and its way back."""
