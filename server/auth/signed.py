"""Short texts that nobody else can write: some bytes with an HMAC, in base64url. Refresh tokens, device tokens and links are
such texts; none of them is stored."""

from __future__ import annotations

import hmac

from server.auth.base64url import decoded, encoded, is_canonical

SIGNATURE_BYTES = 32


def signed(body: bytes, key: bytes, label: bytes = b"") -> str:
    """The text. The `label` says what it is for: a text of one kind is no text of another."""
    return encoded(body + signature(body, key, label))


def opened(text: str, length: int, key: bytes, label: bytes = b"") -> bytes | None:
    """The body of so many bytes that was signed; None if the text is not what `signed` wrote with this key and label."""
    raw = decoded(text) if is_canonical(text) else b""
    body, given = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    return body if len(body) == length and hmac.compare_digest(given, signature(body, key, label)) else None


def signature(body: bytes, key: bytes, label: bytes) -> bytes:
    return hmac.digest(key, label + body, "sha256")
