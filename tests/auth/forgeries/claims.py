"""Claims that are missing, wrong, or there twice, signed with our own key."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.auth.forging import Forge, segment


def values(forge: Forge) -> dict[str, str]:
    other = uuid.UUID(int=9)
    wrong: dict[str, dict[str, Any]] = {
        "iss of another": {"iss": "https://thief.example"},
        "iss with a slash": {"iss": "gazette/"},
        "iss a list": {"iss": ["gazette"]},
        "aud of another": {"aud": "treasury"},
        "aud in upper case": {"aud": "GAZETTE"},
        "aud a list": {"aud": ["gazette", "treasury"]},
        "aud a list of one": {"aud": ["gazette"]},
        "aud empty": {"aud": ""},
        "sub no UUID": {"sub": "admin"},
        "sub a number": {"sub": 1},
        "sub a list": {"sub": [str(other)]},
        "sid no UUID": {"sid": "*"},
        "sid a number": {"sid": 2},
        "sid empty": {"sid": ""},
        "jti a number": {"jti": 3},
        "grants a word": {"grants": "admin"},
        "grants a list": {"grants": [["5", "*"]]},
        "grants of no role": {"grants": {"admin": ["*"]}},
        "grants in no place": {"grants": {"5": ["everywhere"]}},
        "grants not in a list": {"grants": {"5": 1}},
        "grants in no text": {"grants": {"5": [None]}},
    }
    return {
        **{f"{name} absent": forge.with_claims(**{name: ...}) for name in forge.good},
        **{f"{name} null": forge.with_claims(**{name: None}) for name in forge.good},
        **{name: forge.with_claims(**changed) for name, changed in wrong.items()},
    }


def times(forge: Forge) -> dict[str, str]:
    issued, ends = forge.good["iat"], forge.good["exp"]
    odd: dict[str, Any] = {
        "a word": "never",
        "digits in a text": str(ends),
        "a fraction": ends + 0.5,
        "no number": float("nan"),
        "infinite": float("inf"),
        "below all": float("-inf"),
        "negative": -1,
        "far before all time": -(10**17),
        "beyond all time": 10**30,
        "beyond what a clock can say": 10**17,
        "in milliseconds": ends * 1000,
        "true": True,
        "a list": [ends],
    }
    return {
        **{f"exp {name}": forge.with_claims(exp=value) for name, value in odd.items()},
        **{f"iat {name}": forge.with_claims(iat=value) for name, value in odd.items()},
        "exp past": forge.with_claims(exp=issued - 1),
        "exp long past": forge.with_claims(iat=issued - 10**6, exp=issued - 10**5),
        "exp ahead, iat long past": forge.with_claims(iat=issued - 10**6),
        "iat in the future": forge.with_claims(iat=ends + 3600, exp=ends + 7200),
        "nbf in the future": forge.with_claims(nbf=4102444800),
        "nbf a word": forge.with_claims(nbf="now"),
    }


def payloads(forge: Forge) -> dict[str, str]:
    """Payloads that are no object of claims, signed with our own key."""
    text = json.dumps(forge.good)
    return {
        **{
            f"{name} twice": forge.signed(payload=f'{text[:-1]}, "{name}": {json.dumps(forge.good[name])}}}'.encode())
            for name in forge.good
        },
        "sub twice, an admin's first": forge.signed(payload=f'{{"sub": "{uuid.UUID(int=7)}", {text[1:]}'.encode()),
        "a role twice": forge.signed(payload=text.replace('{"3": ["*"]}', '{"3": ["*"], "3": []}').encode()),
        "payload a list": forge.signed(payload=[forge.good]),
        "payload a text": forge.signed(payload=text),
        "payload null": forge.signed(payload=b"null"),
        "payload empty": forge.signed(payload=b""),
        "payload no JSON": forge.signed(payload=b"admin"),
        "payload no UTF-8": forge.signed(payload=b"\xff\xfe{}"),
        "payload too deep": forge.signed(payload=b"[" * 2000),
        "payload of a number too long": forge.signed(payload=b"1" * 2500),
        "payload twice in base64": forge.signed(payload=segment(forge.good).encode()),
    }
