"""What is read of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from server.importer.sources import JSON

Retarget = Callable[[str, str], str | None]
"""Where a target leads on the site, and what is to be there instead; given what it is called for people who do not see it. None
where it stays as it is."""


class Front(NamedTuple):
    """What a file says of itself, beside its text."""

    path: str = ""
    locale: str = ""
    translation_key: str = ""
    content_type: str = ""
    title: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    publish_time: datetime | None = None
    details: JSON = {}  # noqa: RUF012 - nobody writes to it


@dataclass
class Page:
    """A file's page."""

    front: Front
    body: str
    is_markdown: bool
    notes: list[str] = field(default_factory=list)
    images: dict[str, Any] = field(default_factory=dict)
    """Files that were inside of the file, by what its body calls them."""
