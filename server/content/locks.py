"""What keeps everybody from changing documents until a transaction ends."""

from __future__ import annotations

from sqlalchemy import text

DOCUMENTS_UNCHANGED = text("LOCK TABLE documents IN SHARE ROW EXCLUSIVE MODE")
"""Whoever was writing a document has ended by then, and whoever begins waits."""
