"""Making access tokens as an attacker would, or as we would if we were careless."""

from __future__ import annotations

import base64
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from server.auth.tokens.signing import Key, KeyRing, PrivateKey

SECRET = "a secret of the tests, for access tokens"
OTHER_SECRET = "a secret of the tests, of before or after"
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ACCOUNT, SESSION, PLACE = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
GOOD = {
    "iss": "gazette",
    "aud": "gazette",
    "sub": str(ACCOUNT),
    "sid": str(SESSION),
    "jti": "one",
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + timedelta(minutes=5)).timestamp()),
    "grants": {"3": ["*"]},
}


def claims(**changed: Any) -> dict[str, Any]:
    """Claims of a token that is good at NOW; `...` leaves one out."""
    return without({**GOOD, **changed})


def without(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ...}


def segment(value: Any) -> str:
    """base64url of bytes as they are, or of anything else as compact JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Forge:
    """A ring of ours, and the means to sign with its key whatever one likes."""

    ring: KeyRing
    """The key that signs, and another one whose tokens hold too."""
    thief: Key
    """A key of the same kind, of somebody else."""
    good: Mapping[str, Any] = field(default_factory=lambda: GOOD)
    """The claims of a token that would be accepted."""

    @property
    def key(self) -> Key:
        return self.ring.signing

    @property
    def other(self) -> Key:
        """The ring's second key."""
        return list(self.ring.verifying.values())[1]

    @property
    def header(self) -> dict[str, Any]:
        return dict(sorted(self.key.header.items()))

    def settings(self, directory: Path) -> dict[str, str]:
        """The environment variables of a server with this ring, and the files that they name."""
        if self.key.algorithm == "HS256":
            return {"JWT_SECRET": SECRET, "JWT_PREVIOUS_SECRET": OTHER_SECRET}
        return {
            "JWT_KEY_FILE": written(directory, self.key),
            "JWT_VERIFICATION_KEY_FILES": written(directory, self.other),
        }

    def claims(self, **changed: Any) -> dict[str, Any]:
        return without({**self.good, **changed})

    def signed(self, header: Any = None, payload: Any = None, *, key: Key | None = None) -> str:
        """A token signed with our key, or with another, whatever its header says."""
        key = key or self.key
        assert key.signing is not None
        text = self.unsigned(header, payload)
        return f"{text}.{segment(jwt.get_algorithm_by_name(key.algorithm).sign(text.encode(), key.signing))}"

    def with_hmac(self, secret: bytes, header: Any = None, digest: str = "sha256") -> str:
        """A token signed with HMAC, whatever its header says."""
        text = self.unsigned(header)
        return f"{text}.{segment(hmac.digest(secret, text.encode(), digest))}"

    def unsigned(self, header: Any = None, payload: Any = None) -> str:
        return f"{segment(self.header if header is None else header)}.{segment(self.good if payload is None else payload)}"

    def headed(self, **changed: Any) -> dict[str, Any]:
        """Our header, changed; `...` leaves a member out."""
        return without({**self.header, **changed})

    def with_header(self, **changed: Any) -> str:
        """Signed with our own key, under another header."""
        return self.signed(self.headed(**changed))

    def with_claims(self, **changed: Any) -> str:
        """Signed with our own key, with other claims."""
        return self.signed(payload=self.claims(**changed))


def written(directory: Path, key: Key) -> str:
    """The path of a PEM file with the private key."""
    assert isinstance(key.signing, PrivateKey)
    file = directory / f"{key.kid}.pem"
    file.write_bytes(key.signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(file)


def secrets() -> Forge:
    return Forge(KeyRing.of(Key.of_secret(SECRET), Key.of_secret(OTHER_SECRET)), Key.of_secret(SECRET + "!"))


def pairs(make: Callable[[], PrivateKey]) -> Forge:
    mine, other, thiefs = (make() for _ in range(3))
    ring = KeyRing.of(Key.of_pair(mine.public_key(), mine), Key.of_pair(other.public_key(), other))
    return Forge(ring, Key.of_pair(thiefs.public_key(), thiefs))


FORGES = {
    "HS256": secrets(),
    "EdDSA": pairs(Ed25519PrivateKey.generate),
    "ES256": pairs(lambda: ec.generate_private_key(ec.SECP256R1())),
}
