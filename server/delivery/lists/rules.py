"""How a list is put together of serialised parts, and what its answer says over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from server.rpc import http


def list_headers(answer: bytes, max_age: int) -> tuple[tuple[str, str], ...]:
    """The validators of a list, by its bytes."""
    return (
        ("etag", f'W/"{hashlib.sha256(answer).hexdigest()[:32]}"'),
        ("cache-control", f"public, max-age={max_age}"),
        http.VARY,
    )


def list_answer(summaries: Iterable[bytes], next_page_token: str) -> bytes:
    """A serialised ListPagesResponse, put together from serialised PageSummaries (fields 1 and 2, both length-delimited)."""
    parts = bytearray()
    for summary in summaries:
        parts += b"\x0a" + varint(len(summary)) + summary
    if next_page_token:
        parts += b"\x12" + varint(len(next_page_token)) + next_page_token.encode()
    return bytes(parts)


def varint(number: int) -> bytes:
    """Base-128, least significant group first (Protocol Buffers encoding)."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
