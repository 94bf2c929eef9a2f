"""Tokens changed after signing, or written otherwise, and what is no access token at all."""

from __future__ import annotations

import json
import string
import uuid
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from server.auth.base64url import decoded
from server.auth.tokens.refresh import RefreshTokens
from tests.auth.forging import SECRET, Forge, segment

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def changed(forge: Forge) -> dict[str, str]:
    """Signatures that are not ours, or are ours and written otherwise."""
    good = forge.signed()
    text, _, signature = good.rpartition(".")
    raw = decoded(signature)
    wrong = {
        "empty": b"",
        "of zeros": bytes(len(raw)),
        "of ones": b"\xff" * len(raw),
        "cut": raw[:-3],
        "prolonged": raw + b"\0",
        "twice": raw * 2,
        "reversed": raw[::-1],
        "changed in its first bit": bytes([raw[0] ^ 0x80]) + raw[1:],
        "changed in its last bit": raw[:-1] + bytes([raw[-1] ^ 1]),
    }
    if forge.key.algorithm == "ES256":
        r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
        wrong |= {
            "in DER": encode_dss_signature(r, s),
            "of r alone": r.to_bytes(32) + bytes(32),
            "of r and the order": r.to_bytes(32) + P256_ORDER.to_bytes(32),
            "its halves exchanged": raw[32:] + raw[:32],
        }
    if forge.key.algorithm == "EdDSA":
        again = int.from_bytes(raw[32:], "little") + ED25519_ORDER
        wrong |= {
            "malleable": raw[:32] + again.to_bytes(32, "little"),
            "of the identity": b"\1" + bytes(63),
        }
    last = signature[:-1] + ALPHABET[ALPHABET.index(signature[-1]) + 1]  # two or four of its bits are ignored by decoders
    return {
        **{f"signature {name}": f"{text}.{segment(value)}" for name, value in wrong.items()},
        "signature of another token": f"{text}.{forge.with_claims(jti='two').rpartition('.')[2]}",
        "signature changed in its unused bits": f"{text}.{last}",
        "signature padded": good + "=",
        "signature padded twice": good + "==",
        "signature with a newline": good + "\n",
        "signature with a blank": f"{text}.{signature[:5]} {signature[5:]}",
        "signature with what base64 ignores": f"{text}.{signature[:5]}!{signature[5:]}",
        "signature in base64": f"{text}.+/{signature[2:]}",
        "signature not ASCII": good + "ü",
        "signature with a lone surrogate": good + "\ud800",
        "signature with a NUL": good + "\0",
    }


def shapes(forge: Forge) -> dict[str, str]:
    """Other texts than three segments, and other tokens than access tokens."""
    good = forge.signed()
    header, payload, signature = good.split(".")
    flattened = {"protected": header, "payload": payload, "signature": signature}
    general = {"payload": payload, "signatures": [{"protected": header, "signature": signature}]}
    encrypted = segment({"alg": "dir", "enc": "A256GCM", "kid": forge.key.kid, "typ": "at+jwt"})

    def with_parts(*changed: Callable[[str], str]) -> str:
        return ".".join(change(part) for change, part in zip(changed, good.split("."), strict=True))

    def same(part: str) -> str:
        return part

    return {
        "grants changed": with_parts(same, lambda _: segment(forge.claims(grants={"5": ["*"]})), same),
        "payload padded": with_parts(same, lambda part: part + "=", same),
        "payload empty, unsigned anew": with_parts(same, lambda _: "", same),
        "header padded": with_parts(lambda part: part + "=", same, same),
        "header of another token": with_parts(lambda _: segment(dict(forge.other.header)), same, same),
        "JWE": f"{encrypted}..{segment(b'iv')}.{payload}.{segment(b'tag')}",
        "JWE under our header": f"{header}..{segment(b'iv')}.{payload}.{signature}",
        "JWS flattened": json.dumps(flattened),
        "JWS general": json.dumps(general),
        "JWS detached": f"{header}..{signature}",
        "a token in a token": forge.signed(payload=good.encode()),
        "one segment": payload,
        "two segments": good.rpartition(".")[0],
        "four segments": good + ".",
        "four segments, the last ours": f"{good}.{signature}",
        "five segments": "a.b.c.d.e",
        "twice": f"{good}.{good}",
        "twice, by a comma": f"{good},{good}",
        "with a blank before": f" {good}",
        "with the scheme": f"Bearer {good}",
        "empty": "",
        "dots": "..",
        "a refresh token": RefreshTokens("a secret of the tests, for refresh tokens").token(uuid.UUID(forge.good["sid"]), 0),
        "a refresh token under our secret": RefreshTokens(SECRET).token(uuid.UUID(forge.good["sid"]), 0),
        "longer than 4 KiB": forge.with_claims(jti="x" * 4096),
    }


def other_half(token: str) -> str:
    """The same ES256 token with its signature's s as n - s: just as valid, and another text."""
    text, _, signature = token.rpartition(".")
    raw = decoded(signature)
    return f"{text}.{segment(raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32))}"
