"""Signatures of the server's own: under a key for each use, derived from the service's secret by HMAC-SHA-256 (RFC 2104)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    """The key of one use, and those of former secrets."""

    newest: bytes
    """With which is signed."""
    previous: tuple[bytes, ...] = ()
    """The keys of other secrets, whose signatures hold too while one replaces the other."""

    @classmethod
    def derived(cls, label: bytes, secret: str, *previous: str) -> Keys:
        """Those of the use that the label names. Empty ones of `previous` are none."""
        newest, *others = (hmac.digest(each.encode(), label, "sha256") for each in (secret, *filter(None, previous)))
        return cls(newest, tuple(others))

    def signature(self, said: bytes, size: int) -> bytes:
        """Of what is said, in so many bytes."""
        return signed(self.newest, said, size)

    def hold(self, given: bytes, said: bytes, size: int) -> bool:
        """Whether `given` is a signature of what is said, of so many bytes."""
        return any(hmac.compare_digest(given, signed(key, said, size)) for key in (self.newest, *self.previous))


def signed(key: bytes, said: bytes, size: int) -> bytes:
    return hmac.digest(key, said, "sha256")[:size]
