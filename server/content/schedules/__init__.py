"""Schedules: what happens to a document by itself, when it is due."""
