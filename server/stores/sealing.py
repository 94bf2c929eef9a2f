"""Encryption of what the database must hold but nobody may read there: AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
LABEL = b"gazette sealing"


class CannotOpen(Exception):
    """None of the keys fits, the bytes were changed, or they were sealed for something else."""


@dataclass(frozen=True)
class Sealer:
    """Seals with the first key, and opens with any."""

    keys: tuple[AESGCM, ...] = field(repr=False)

    @classmethod
    def from_secrets(cls, *secrets_: str) -> Sealer:
        """The newest secret first; empty ones are left out."""
        return cls(tuple(AESGCM(hmac.digest(secret.encode(), LABEL, "sha256")) for secret in secrets_ if secret))

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Nonce and ciphertext. It opens for the same context alone, such as the id of its row: nobody can swap two rows."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self.keys[0].encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises CannotOpen."""
        for key in self.keys:
            plain = opened(key, sealed, context)
            if plain is not None:
                return plain
        raise CannotOpen

    def renewed(self, sealed: bytes, context: bytes) -> bytes | None:
        """The same under the newest key, where it was sealed with another. Raises CannotOpen."""
        if opened(self.keys[0], sealed, context) is not None:
            return None
        return self.seal(self.open(sealed, context), context)


def opened(key: AESGCM, sealed: bytes, context: bytes) -> bytes | None:
    try:
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        return None
