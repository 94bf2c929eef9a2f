"""Download tokens: whoever has one has one version of a file, for a while. Nothing of them is stored."""

from __future__ import annotations

import base64
import hmac
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

LABEL = b"gazette download tokens"
TIME_BYTES, SIGNATURE_BYTES = 6, 24


@dataclass(frozen=True)
class DownloadTokens:
    """Makes tokens, and tells which hold, under a key of their own, derived from the service's secret."""

    key: bytes
    previous: tuple[bytes, ...] = ()
    """The keys of other secrets, whose tokens hold too while one replaces the other."""
    now: Callable[[], float] = time.time

    @classmethod
    def from_secrets(cls, secret: str, *previous: str) -> DownloadTokens:
        """Empty ones of `previous` are none."""
        key, *others = (hmac.digest(each.encode(), LABEL, "sha256") for each in (secret, *filter(None, previous)))
        return cls(key, tuple(others))

    def token(self, file_id: uuid.UUID, version: int, expire_time: int) -> str:
        """Of this version of the file, until this second."""
        ends = expire_time.to_bytes(TIME_BYTES, "big")
        return base64.urlsafe_b64encode(ends + signature(self.key, file_id, version, ends)).decode()

    def holds(self, token: str, file_id: uuid.UUID, version: int) -> bool:
        """Whether it is a token of this version of the file, and has not expired."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return False
        ends, given = raw[:TIME_BYTES], raw[TIME_BYTES:]
        if not any(hmac.compare_digest(given, signature(key, file_id, version, ends)) for key in (self.key, *self.previous)):
            return False
        return int.from_bytes(ends, "big") > self.now()


def signature(key: bytes, file_id: uuid.UUID, version: int, ends: bytes) -> bytes:
    return hmac.digest(key, b"\0".join((file_id.bytes, str(version).encode(), ends)), "sha256")[:SIGNATURE_BYTES]
