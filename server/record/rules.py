"""What an entry is, and what its hash covers."""

from __future__ import annotations

import hashlib

LEAF_PREFIX = b"\0"  # RFC 9162 section 2.1.1: leaves and inner nodes are told apart


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(LEAF_PREFIX + body).digest()


def notice(number: int, locale: str, path: str, *, covers_prefix: bool = False) -> str:
    """The payload of NOTIFY gazette_record. A path never holds `*`, so `/*` at its end says: and all below it."""
    return f"{number} {locale} {path}" + ("/*" if covers_prefix else "")


def read_notice(payload: str) -> tuple[int, str, str, bool]:
    """number, locale, path, covers_prefix."""
    number, locale, path = payload.split(" ", 2)
    return int(number), locale, path.removesuffix("/*") or "/", path.endswith("/*")
