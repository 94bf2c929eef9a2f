"""Making access tokens as an attacker would, or as we would if we were careless."""

from __future__ import annotations

import base64
import hmac
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

SECRET = "a secret of the tests, for access tokens"
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HEADER = {"alg": "HS256", "typ": "at+jwt"}
ACCOUNT, SESSION, PLACE = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)


def claims(**changed: Any) -> dict[str, Any]:
    """Claims of a token that is good at NOW; `...` leaves one out."""
    good = {
        "iss": "gazette",
        "aud": "gazette",
        "sub": str(ACCOUNT),
        "sid": str(SESSION),
        "jti": "one",
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
        "grants": {"3": ["*"]},
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not ...}


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: Any = HEADER, payload: Any = None, *, secret: str = SECRET, digest: str = "sha256") -> str:
    """A token signed with HMAC, whatever its header says."""
    text = f"{segment(header)}.{segment(claims() if payload is None else payload)}"
    return f"{text}.{segment(hmac.digest(secret.encode(), text.encode(), digest))}"


def with_header(**changed: Any) -> str:
    """Signed with our own secret, under another header."""
    return signed({name: value for name, value in {**HEADER, **changed}.items() if value is not ...})


def with_claims(**changed: Any) -> str:
    """Signed with our own secret, with other claims."""
    return signed(payload=claims(**changed))
