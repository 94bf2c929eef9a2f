"""The tokens of preview links: which link, document and revision, signed. None is stored: what the database knows makes no
token, and what is not signed is not looked up."""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from server.rpc.signing import Keys

LABEL = b"gazette preview links"
PREFIX = "gzp_"
"""By which secret scanners, and people, know one."""
SIGNATURE_BYTES = 20
LENGTH = 16 + 16 + 4 + SIGNATURE_BYTES


class Named(NamedTuple):
    """What a token is for."""

    link_id: uuid.UUID
    document_id: uuid.UUID
    revision_number: int

    def packed(self) -> bytes:
        return self.link_id.bytes + self.document_id.bytes + self.revision_number.to_bytes(4)


@dataclass(frozen=True)
class Tokens:
    """Makes and reads tokens."""

    keys: Keys

    @classmethod
    def from_secrets(cls, *secrets: str) -> Tokens:
        """As `Keys.derived` takes them."""
        return cls(Keys.derived(LABEL, *secrets))

    def made(self, named: Named) -> str:
        packed = named.packed()
        return PREFIX + base64.urlsafe_b64encode(packed + self.keys.signature(packed, SIGNATURE_BYTES)).decode().rstrip("=")

    def read(self, token: str) -> Named | None:
        """What a token is for; None if it is not one of ours."""
        if not token.startswith(PREFIX) or not token.isascii():
            return None
        encoded = token.removeprefix(PREFIX)
        try:
            raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        packed, given = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
        if len(raw) != LENGTH or not self.keys.hold(given, packed, SIGNATURE_BYTES):
            return None
        return Named(uuid.UUID(bytes=packed[:16]), uuid.UUID(bytes=packed[16:32]), int.from_bytes(packed[32:]))
