"""What is asked for of a file, and what is served of it."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from server.stores.postgres import AnyRow


class Asked(NamedTuple):
    """What a request says of the file that it wants."""

    id: uuid.UUID
    version: int = 0
    """0: what it is now."""
    preview_token: str = ""
    download_token: str = ""


class Served(NamedTuple):
    """What is served of a file: one of its versions."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    version: int
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    blob_key: str
    facts: dict[str, Any]
    focal_x: int | None
    focal_y: int | None
    is_public: bool
    """Whether anybody may have this version now, so that caches may keep it."""
    is_named: bool
    """Whether the request names this version: at that address its bytes never change."""
    is_elsewhere: bool
    """Whether another version was asked for, whose address leads to this one's."""

    @classmethod
    def of(cls, file: AnyRow, version: AnyRow, *, is_public: bool, is_named: bool, is_elsewhere: bool = False) -> Served:
        """`version` is the file's row itself, or that of a former version."""
        own = (version.version, version.name, version.content_type, version.size_bytes, version.sha256, version.blob_key)
        known = (version.facts, file.focal_x, file.focal_y)
        return cls(file.id, file.organisation_id, *own, *known, is_public, is_named, is_elsewhere)
