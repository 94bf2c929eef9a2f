"""What an examination found, from when it was found until the file is ready: the column `found` of uploads."""

from __future__ import annotations

from typing import Any, NamedTuple


class Found(NamedTuple):
    """Of a file that is sound."""

    content_type: str
    size_bytes: int
    """Of what is to be served."""
    sha256: str
    """The same."""
    uploaded_sha256: str
    """Of what came."""
    tag: str
    """The storage's name of the bytes that were looked at."""
    facts: dict[str, Any]
    is_cleaned: bool
    """Whether something else is to be served than what came."""

    @property
    def blob_key(self) -> str:
        """Where it is to be: named by what is in it, so that the same bytes are there once."""
        return f"blobs/{self.sha256}"

    def columns(self) -> dict[str, Any]:
        """What a file, or a version of it, has of it."""
        return {
            "content_type": self.content_type,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "uploaded_sha256": self.uploaded_sha256 if self.is_cleaned else "",
            "blob_key": self.blob_key,
            "facts": self.facts,
        }

    def stored(self) -> dict[str, Any]:
        return self._asdict()

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Found:
        return cls(**stored)
