"""Batches: many documents in one call, each with its own result."""
