"""Which of a file's bytes are asked for: by `offset` and `limit`, and over HTTP by a Range header (RFC 9110 section 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

from server.files.failures import RangeNotSatisfiable

ONE_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t]*", re.IGNORECASE)


class Span(NamedTuple):
    """Bytes from one on and up to, without it, another."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


def window(size: int, offset: int, limit: int) -> Span:
    """What `offset` and `limit` leave of a file of this size. Raises RangeNotSatisfiable."""
    if offset > size:
        raise RangeNotSatisfiable("offset", size)
    return Span(offset, min(offset + limit, size) if limit else size)


def asked(header: str, size: int) -> Span | None:
    """What a Range header asks of so many bytes; None where all of them are the answer, as the RFC has it for other units,
    several ranges, and what is no range. Raises RangeNotSatisfiable for one that begins behind the last byte, or has none."""
    match = ONE_RANGE.fullmatch(header)
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        start, stop = max(size - int(suffix), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= stop:
        raise RangeNotSatisfiable("range", size)
    return Span(start, stop)


def is_met(condition: str, etag: str) -> bool:
    """Whether If-Range lets a range be answered: by strong comparison, so a weak ETag and a date never do."""
    return condition.strip() in {"", etag}


def content_range(part: Span, size: int) -> str:
    return f"bytes {part.start}-{part.stop - 1}/{size}"
