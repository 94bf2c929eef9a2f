"""Presence: who has a document open now. A courtesy, kept in Redis alone: nothing depends on it."""
