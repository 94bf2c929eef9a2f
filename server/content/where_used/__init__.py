"""Where documents and files are used: what refers to them, and what documents refer to."""

from server.content.where_used.file_uses import FileUses

__all__ = ["FileUses"]
