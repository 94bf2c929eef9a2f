"""Headers that say another algorithm, another type, or more than ours."""

from __future__ import annotations

import json
from typing import Any

from tests.auth.forging import Forge, segment


def algorithms(forge: Forge) -> dict[str, str]:
    nones = ("none", "None", "NONE", "nOnE", "none ", "\0none", "")
    others = ("HS384", "HS512", "RS256", "PS256", "ES384", "ES256K", "Ed25519", "dir", forge.key.algorithm.lower())
    wrong = [alg for alg in ("HS256", "EdDSA", "ES256") if alg != forge.key.algorithm]
    return {
        **{f"alg {alg!r}, unsigned": f"{forge.unsigned(forge.headed(alg=alg))}." for alg in nones},
        **{f"alg {alg!r}, signed": forge.with_header(alg=alg) for alg in (*nones, *others, *wrong)},
        "alg none, typ alone": f"{forge.unsigned({'alg': 'none', 'typ': 'at+jwt'})}.",
        "alg absent": forge.with_header(alg=...),
        "alg null": forge.with_header(alg=None),
        "alg a list": forge.with_header(alg=[forge.key.algorithm]),
        "our header, unsigned": f"{forge.unsigned()}.",
    }


def members(forge: Forge) -> dict[str, str]:
    """Headers that say more than ours, or say it otherwise, under our signature; what leads to a key, under the thief's too."""
    more: dict[str, dict[str, Any]] = {
        "crit": {"crit": ["exp"]},
        "crit empty": {"crit": []},
        "crit of what is not there": {"crit": ["gazette"], "gazette": True},
        "b64 false": {"b64": False},
        "b64 false and critical": {"b64": False, "crit": ["b64"]},
        "b64 true": {"b64": True},
        "zip": {"zip": "DEF"},
        "cty": {"cty": "JWT"},
        "enc": {"enc": "A256GCM"},
        "epk": {"epk": {"kty": "EC"}},
    }
    leading: dict[str, dict[str, Any]] = {
        "jku": {"jku": "https://thief.example/keys"},
        "jwk": {"jwk": dict(forge.thief.jwk or {"kty": "oct", "k": segment(b"thief")})},
        "x5u": {"x5u": "https://thief.example/chain"},
        "x5u a file": {"x5u": "file:///etc/passwd"},
        "x5c": {"x5c": ["MIIB"]},
        "x5t": {"x5t": segment(b"thief")},
    }
    text = json.dumps(forge.header, separators=(",", ":"))
    return {
        **{name: forge.with_header(**members) for name, members in (more | leading).items()},
        **{f"{name} by the thief": forge.signed(forge.headed(**members), key=forge.thief) for name, members in leading.items()},
        "header in another order": forge.signed(dict(reversed(forge.header.items()))),
        "header with blanks": forge.signed(json.dumps(forge.header).encode()),
        "header with a name twice": forge.signed(f'{{"alg":"none",{text[1:]}'.encode()),
        "header escaped": forge.signed(text.replace("alg", "\\u0061lg").encode()),
        "header with a BOM": forge.signed(b"\xef\xbb\xbf" + text.encode()),
        "header in UTF-16": forge.signed(text.encode("utf-16")),
        "header a list": forge.signed([forge.header]),
        "header null": forge.signed(b"null"),
        "header no JSON": forge.signed(forge.key.algorithm.encode()),
        "header too deep": forge.signed(b"[" * 2000),
    }


def types(forge: Forge) -> dict[str, str]:
    typed: dict[str, Any] = {
        "absent": ...,
        "null": None,
        "JWT": "JWT",
        "in upper case": "AT+JWT",
        "in full": "application/at+jwt",
        "of a refresh token": "rt+jwt",
        "of a logout token": "logout+jwt",
        "a list": ["at+jwt"],
    }
    return {f"typ {name}": forge.with_header(typ=value) for name, value in typed.items()}
