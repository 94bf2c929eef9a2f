"""Access tokens that have ended, of sessions that have not."""

from __future__ import annotations

import time
from contextlib import closing

import jwt

from devstack.home import Home
from server.auth.tokens.signing import Key
from tests.edge import Edge


def expired(edge: Edge, email: str) -> str:
    """What the installation signed for the account an hour ago would say now: its own claims and its own key."""
    with closing(edge.client(email)) as client:
        token = client.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, options={"verify_signature": False})
        ended = {name: value - 3600 if name in {"exp", "iat", "nbf"} else value for name, value in claims.items()}
        old = Key.of_secret(Home.at(edge.home).secret("JWT_SECRET")).signed(ended)
        answer = client.get("/v1/auth/me", headers={"authorization": f"Bearer {old}"})
        assert (answer.status_code, time.time() > ended["exp"]) == (401, True)
        assert "invalid_token" in answer.headers["www-authenticate"]
        return old
