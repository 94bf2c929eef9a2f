"""Decisions: what may take a file's place. Pure."""

from __future__ import annotations

from typing import Any

from server.files.failures import FileTypeNotAllowed
from server.files.fields import Fields
from server.rpc.failures import Violation

IMAGE = "image/"


def check_kind(file: Any, content_type: str, fields: Fields) -> None:
    """An image is shown in the middle of texts, where nothing else can be. Raises FileTypeNotAllowed."""
    if file.content_type.startswith(IMAGE) and not content_type.startswith(IMAGE):
        told = f"is {content_type}; the file is an image, which pages show, and is replaced by an image"
        raise FileTypeNotAllowed(Violation(fields.content, told))
