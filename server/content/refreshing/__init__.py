"""Refreshing: pages that show something of others are rendered again when that changes, by a job of every process."""
