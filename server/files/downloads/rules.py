"""Decisions: who may have a file, and what an answer says of it over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1.file_pb2 import FileState
from server.files.downloads import ranges
from server.files.downloads.ranges import Span
from server.rpc import http
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
    """Strong, as nothing else's here is: a file's bytes never change, and nobody compresses them on the way (`rest.lua`). So a
    part that comes later can be told to belong to the same whole."""
    return f'"{file.sha256}"'


def cache_headers(file: Any) -> tuple[tuple[str, str], ...]:
    """Whether anybody on the way may keep the bytes, and how to ask whether they still hold: each time, since a file may be
    public no longer."""
    age = "public, no-cache" if file.is_public else "private, no-store"
    return (("etag", etag(file)), ("cache-control", age))


def over_http(file: Any, span: Span, asked: str, condition: str) -> tuple[Span, tuple[tuple[str, str], ...]]:
    """Which of these bytes of the file a Range asks for, on the condition of an If-Range, and what the answer says of them.
    Both are empty where the request has none. Raises RangeNotSatisfiable."""
    part = ranges.asked(asked, span.length) if ranges.is_met(condition, etag(file)) else None
    if part is None:
        return span, body_headers(file, span.length)
    partial = (http.PARTIAL_CONTENT, ("content-range", ranges.content_range(part, span.length)))
    return Span(span.start + part.start, span.start + part.stop), (*body_headers(file, part.length), *partial)


def body_headers(file: Any, length: int) -> tuple[tuple[str, str], ...]:
    return (
        ("accept-ranges", "bytes"),
        ("x-body-length", str(length)),
        ("content-disposition", content_disposition(file.name, file.content_type)),
        ("x-content-type-options", "nosniff"),
    )


def content_disposition(name: str, content_type: str) -> str:
    """Shown or saved, and under which name (RFC 6266): in ASCII, and to the character as RFC 8187 encodes it."""
    kind = "inline" if content_type in SHOWN_INLINE else "attachment"
    plain = "".join(character if character in ASCII_NAME else "_" for character in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{kind}; filename="{plain}"{extended}'
