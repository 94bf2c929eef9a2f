"""Where sniffing was, before examinations had it."""

from server.files.examining.sniffing import SNIFFED_BYTES, content_type, named_type, unknown_types

__all__ = ["SNIFFED_BYTES", "content_type", "named_type", "unknown_types"]
