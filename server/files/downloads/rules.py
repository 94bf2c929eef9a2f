"""Decisions: who may have a file, and what an answer says of it over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1.file_pb2 import FileState
from server.rpc.caller import Caller

READ = Permission.PERMISSION_FILES_READ
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show by itself. Nothing that can hold a script is among them."""
ASCII_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$&'()+,-.;=@[]^_`{}~")
"""What a quoted file name may hold as it is: all of ASCII that no browser takes for something else."""


def is_visible(file: Any, caller: Caller) -> bool:
    """`file` is the row, or None if there is none."""
    if file is None or file.state != FileState.FILE_STATE_READY:
        return False
    return file.is_public or caller.may(READ, file.organisation_id)


def etag(file: Any) -> str:
    """Weak, as all ETags here are: compression on the way changes bytes."""
    return f'W/"{file.sha256}"'


def cache_headers(file: Any) -> tuple[tuple[str, str], ...]:
    """Whether anybody on the way may keep the bytes, and how to ask whether they still hold: each time, since a file may be
    public no longer."""
    age = "public, no-cache" if file.is_public else "private, no-store"
    return (("etag", etag(file)), ("cache-control", age))


def body_headers(file: Any) -> tuple[tuple[str, str], ...]:
    return (
        ("x-body-length", str(file.size_bytes)),
        ("content-disposition", content_disposition(file.name, file.content_type)),
        ("x-content-type-options", "nosniff"),
    )


def content_disposition(name: str, content_type: str) -> str:
    """Shown or saved, and under which name (RFC 6266): in ASCII, and to the character as RFC 8187 encodes it."""
    kind = "inline" if content_type in SHOWN_INLINE else "attachment"
    plain = "".join(character if character in ASCII_NAME else "_" for character in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{kind}; filename="{plain}"{extended}'
