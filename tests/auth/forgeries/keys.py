"""Tokens that lead to another key than the one that signed them."""

from __future__ import annotations

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.auth.base64url import decoded
from tests.auth.forging import SECRET, Forge, segment

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def confusions(forge: Forge) -> dict[str, str]:
    """Tokens signed with what everybody knows, or with somebody else's key, as if it were ours."""
    named = {"HS256": forge.headed(alg="HS256"), "our alg": forge.header}
    public = forge.key.verifying
    known = {"no secret": b"", "the kid": forge.key.kid.encode(), "a secret of nobody": b"secret"}
    if not isinstance(public, bytes):
        assert forge.key.jwk is not None
        kinds = (Encoding.PEM, Encoding.DER)
        pem, der = (public.public_bytes(kind, PublicFormat.SubjectPublicKeyInfo) for kind in kinds)
        compact = json.dumps(forge.key.jwk, separators=(",", ":"))
        known |= {
            "the public PEM": pem,
            "the public PEM without its newline": pem.strip(),
            "the public DER": der,
            "the public DER in base64url": segment(der).encode(),
            "the public JWK": compact.encode(),
            "the public JWK with blanks": json.dumps(forge.key.jwk).encode(),
            "the x coordinate": decoded(forge.key.jwk["x"]),
            "the x coordinate in base64url": forge.key.jwk["x"].encode(),
            "JWT_SECRET": SECRET.encode(),
        }
    else:
        known |= {"another secret": (SECRET + "!").encode(), "the refresh tokens": b"a secret of the tests, for refresh tokens"}
    curve = ec.generate_private_key(ec.SECP256R1())
    rest = {"typ": "at+jwt", "kid": forge.key.kid}
    good = dict(forge.good)
    return {
        **{
            f"{alg} by {name}": forge.with_hmac(secret, header)
            for alg, header in named.items()
            for name, secret in known.items()
        },
        "the thief's signature": forge.signed(key=forge.thief),
        "the thief's own key and kid": forge.signed(dict(forge.thief.header), key=forge.thief),
        "RS256 by the thief": jwt.encode(good, RSA, "RS256", rest),
        "PS256 by the thief": jwt.encode(good, RSA, "PS256", rest),
        "ES256 by the thief": jwt.encode(good, curve, "ES256", rest),
        "HS256 by the thief's public key": forge.with_hmac(
            RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), forge.headed(alg="HS256")
        ),
    }


def names(forge: Forge) -> dict[str, str]:
    kid = forge.key.kid
    named: dict[str, Any] = {
        "absent": ...,
        "null": None,
        "empty": "",
        "unknown": "unknown",
        "a path": "../../../dev/null",
        "an absolute path": "/proc/sys/kernel/randomize_va_space",
        "a URL": "https://thief.example/key.pem",
        "SQL": "x' UNION SELECT 'secret' --",
        "a command": "key|cat /etc/passwd",
        "a number": 0,
        "true": True,
        "a list": [kid],
        "an object": {"kid": kid},
        "in other letters": kid.swapcase(),
        "cut": kid[:-1],
        "with a NUL": f"{kid}\0",
        "repeated": kid * 50,
        "of another key": forge.other.kid,
        "of the thief's key": forge.thief.kid,
    }
    return {
        **{f"kid {name}": forge.with_header(kid=value) for name, value in named.items()},
        "kid ours, signed by our other key": forge.signed(key=forge.other),
    }
