"""Revisions: what a document said at each save."""
