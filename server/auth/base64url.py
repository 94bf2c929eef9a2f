"""base64url without padding (RFC 7515 section 2), and whether a text is written in the one way that we write it."""

from __future__ import annotations

import base64


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def is_canonical(text: str) -> bool:
    """Whether the text is what `encoded` writes. Padding and the last character's unused bits would otherwise let a token be
    written in several ways."""
    try:
        return encoded(decoded(text)) == text
    except ValueError:
        return False
