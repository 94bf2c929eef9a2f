"""Comparing revisions: which fields differ, and how."""
