"""Download tokens: whoever has one has one version of a file, for a while. Nothing of them is stored."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from server.rpc.signing import Keys

LABEL = b"gazette download tokens"
TIME_BYTES, SIGNATURE_BYTES = 6, 24


@dataclass(frozen=True)
class DownloadTokens:
    """Makes tokens, and tells which hold."""

    keys: Keys
    now: Callable[[], float] = time.time

    @classmethod
    def from_secrets(cls, *secrets: str) -> DownloadTokens:
        """As `Keys.derived` takes them."""
        return cls(Keys.derived(LABEL, *secrets))

    def token(self, file_id: uuid.UUID, version: int, expire_time: int) -> str:
        """Of this version of the file, until this second."""
        ends = expire_time.to_bytes(TIME_BYTES, "big")
        return base64.urlsafe_b64encode(ends + self.keys.signature(said(file_id, version, ends), SIGNATURE_BYTES)).decode()

    def holds(self, token: str, file_id: uuid.UUID, version: int) -> bool:
        """Whether it is a token of this version of the file, and has not expired."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return False
        ends, given = raw[:TIME_BYTES], raw[TIME_BYTES:]
        if not self.keys.hold(given, said(file_id, version, ends), SIGNATURE_BYTES):
            return False
        return int.from_bytes(ends, "big") > self.now()


def said(file_id: uuid.UUID, version: int, ends: bytes) -> bytes:
    """What is signed."""
    return b"\0".join((file_id.bytes, str(version).encode(), ends))
