"""The keys that sign access tokens, and those whose tokens hold. A token names its key, and each key has one algorithm."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm

from server.auth.base64url import encoded
from server.settings import InvalidSettings, Settings

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

TYPE = "at+jwt"
"""The type of every access token (RFC 9068)."""
KID_LABEL = b"gazette kid"
KID_CHARACTERS = 16
MAKE_ONE = "make one with: openssl genpkey -algorithm ed25519"


@dataclass(frozen=True)
class Key:
    """A key with its name and the one algorithm that it is used with."""

    kid: str
    algorithm: str
    verifying: bytes | PublicKey = field(repr=False)
    signing: bytes | PrivateKey | None = field(default=None, repr=False)
    """What signs; None for a key that only verifies."""
    jwk: Mapping[str, str] | None = None
    """What others verify with (RFC 7517); None for a secret."""

    @property
    def header(self) -> dict[str, str]:
        """The only header that a token of this key has. Whatever else one could say (`crit`, `b64`, `jku`, `jwk`, `x5u`) is an
        attempt at something."""
        return {"alg": self.algorithm, "kid": self.kid, "typ": TYPE}

    @property
    def first_segment(self) -> str:
        """The header as it stands in a token."""
        return encoded(json.dumps(self.header, separators=(",", ":"), sort_keys=True).encode())

    def signed(self, claims: Mapping[str, Any]) -> str:
        """A token. Only a key that signs can."""
        assert self.signing is not None
        return jwt.encode(dict(claims), self.signing, self.algorithm, self.header, sort_headers=True)

    @classmethod
    def of_secret(cls, secret: str) -> Key:
        """A key of HS256. Its name is derived, so that every process finds the same. Raises jwt.InvalidKeyError for a secret
        that is a key of another kind."""
        prepared = HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
        kid = hmac.digest(prepared, KID_LABEL, "sha256").hex()[:KID_CHARACTERS]
        return cls(kid, "HS256", verifying=prepared, signing=prepared)

    @classmethod
    def of_pair(cls, public: PublicKey, private: PrivateKey | None = None) -> Key:
        """A key of EdDSA (RFC 8037) or ES256, named by the thumbprint of the public key (RFC 7638)."""
        if isinstance(public, Ed25519PublicKey):
            algorithm, members = "EdDSA", OKPAlgorithm.to_jwk(public, as_dict=True)
        else:
            algorithm, members = "ES256", ECAlgorithm.to_jwk(public, as_dict=True)
        canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
        kid = encoded(hashlib.sha256(canonical.encode()).digest())
        return cls(kid, algorithm, public, private, {**members, "use": "sig", "kid": kid, "alg": algorithm})


@dataclass(frozen=True)
class KeyRing:
    """The key that signs, and all whose tokens hold."""

    signing: Key
    verifying: Mapping[str, Key]
    """The keys by the first segment of their tokens: nothing that a stranger sends is parsed to find the key."""

    @classmethod
    def of(cls, signing: Key, *others: Key) -> KeyRing:
        return cls(signing, {key.first_segment: key for key in (signing, *others)})

    @classmethod
    def from_settings(cls, settings: Settings) -> KeyRing:
        """The keys that the settings name. Raises InvalidSettings."""
        files = settings.jwt_verification_key_files
        others = [key_in(Path(file), f"JWT_VERIFICATION_KEY_FILES: {file}") for file in files]
        if settings.jwt_key_file is not None:
            return cls.of(key_in(settings.jwt_key_file, "JWT_KEY_FILE", must_sign=True), *others)
        if settings.jwt_previous_secret:
            others.append(secret_in(settings.jwt_previous_secret, "JWT_PREVIOUS_SECRET"))
        return cls.of(secret_in(settings.jwt_secret, "JWT_SECRET"), *others)

    @property
    def jwks(self) -> list[Mapping[str, str]]:
        """The public keys, the one that signs first."""
        return [key.jwk for key in self.verifying.values() if key.jwk is not None]


def secret_in(secret: str, name: str) -> Key:
    """Raises InvalidSettings."""
    try:
        return Key.of_secret(secret)
    except jwt.InvalidKeyError:
        raise InvalidSettings(f"{name} holds a key of another kind; make one with: openssl rand -base64 48") from None


def key_in(file: Path, name: str, *, must_sign: bool = False) -> Key:
    """The key of a PEM file, private or, unless it must sign, public. Raises InvalidSettings that begins with `name`."""
    try:
        pem = file.read_bytes()
    except OSError as error:
        raise InvalidSettings(f"{name} cannot be read ({error.strerror}); let the server read it") from None
    found = loaded(pem, name)
    if isinstance(found, PrivateKey):
        check_curve(public := found.public_key(), name)
        return Key.of_pair(public, found if must_sign else None)
    if isinstance(found, PublicKey):
        check_curve(found, name)
        if must_sign:
            raise InvalidSettings(f"{name} holds a public key, which cannot sign; name the file of the private one")
        return Key.of_pair(found)
    kind = "an RSA key" if isinstance(found, RSAPrivateKey | RSAPublicKey) else "a key of another kind"
    raise InvalidSettings(f"{name} holds {kind}, and not one of Ed25519 or P-256; {MAKE_ONE}")


def loaded(pem: bytes, name: str) -> Any:
    """A private or public key of any kind. Raises InvalidSettings."""
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        raise InvalidSettings(f"{name} is encrypted; write it without its password: openssl pkey -in … -out …") from None
    except (ValueError, UnsupportedAlgorithm):
        pass
    try:
        return load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidSettings(f"{name} holds no key (PEM) of Ed25519 or P-256; {MAKE_ONE}") from None


def check_curve(key: PublicKey, name: str) -> None:
    """Raises InvalidSettings."""
    if isinstance(key, EllipticCurvePublicKey) and not isinstance(key.curve, SECP256R1):
        raise InvalidSettings(f"{name} holds a key of the curve {key.curve.name}, and not one of Ed25519 or P-256; {MAKE_ONE}")
