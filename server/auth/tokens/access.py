"""Access tokens (JWTs by RFC 9068, checked by RFC 8725): making them and reading them."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import jwt
from jwt.types import Options

from server.auth import failures, permissions
from server.auth.base64url import decoded, encoded, is_canonical
from server.auth.clock import MAX_SKEW, utc_now
from server.auth.failures import InvalidAccessToken
from server.auth.permissions import Grants, Limited
from server.auth.tokens.signing import KeyRing
from server.rpc.caller import Caller
from server.rpc.identifying import MAX_TOKEN_BYTES

NAME = "gazette"
"""The issuer and the audience of every token."""
REMEMBERED = 8192
"""How many verified tokens a process remembers."""
EVERYWHERE = "*"
NOT_A_CLAIM = (AttributeError, OSError, OverflowError, TypeError, ValueError)
"""What reading a claim raises that is not what it should be."""
OPTIONS: Options = {
    "require": ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "grants"],
    "strict_aud": True,
    "verify_iat": False,  # by our clock, below
    "verify_exp": False,
}


class Token(NamedTuple):
    """A new access token."""

    text: str
    expire_time: datetime


class Verified(NamedTuple):
    """What an access token said, once and for all."""

    caller: Caller
    expire_time: datetime


@dataclass
class AccessTokens:
    """Issues access tokens, and finds out whom one stands for. A token is verified once; from then on it is looked up, until it
    expires or its session is revoked."""

    keys: KeyRing
    lifetime: timedelta
    revoked: Container[uuid.UUID]
    """The ids of the sessions that were ended before their time."""
    now: Callable[[], datetime] = utc_now
    verified: dict[bytes, Verified] = field(default_factory=dict, repr=False)
    """What was read, by the token's SHA-256: no token is kept in memory. The earliest comes first."""

    def issue(
        self,
        account_id: uuid.UUID,
        session_id: uuid.UUID,
        session_expire_time: datetime,
        grants: Grants,
        limited: Limited = (),
        *,
        must_enrol: bool = False,
    ) -> Token:
        """A token that ends no later than its session. Raises TooManyGrants."""
        now = self.now()
        expire_time = min(now + self.lifetime, session_expire_time).replace(microsecond=0)
        claims = {
            "iss": NAME,
            "aud": NAME,
            "sub": str(account_id),
            "sid": str(session_id),
            "jti": secrets.token_urlsafe(12),
            "iat": int(now.timestamp()),
            "exp": int(expire_time.timestamp()),
            "grants": packed(grants),
        }
        if in_locales := packed_limited(limited):
            claims["locale_grants"] = in_locales  # which a release that knows of none passes over
        if must_enrol:
            claims["enrol"] = True
        text = self.keys.signing.signed(claims)
        if len("Bearer ") + len(text) > MAX_TOKEN_BYTES:
            raise failures.TooManyGrants
        return Token(text, expire_time)

    async def identify(self, credential: str) -> Caller:
        """The caller that the token stands for. Raises InvalidAccessToken."""
        digest = hashlib.sha256(credential.encode(errors="surrogatepass")).digest()
        known = self.verified.get(digest) or self.verify(credential, digest)
        caller = known.caller
        if caller.session_id in self.revoked or known.expire_time <= self.now():
            self.verified.pop(digest, None)
            raise InvalidAccessToken
        return caller

    def verify(self, credential: str, digest: bytes) -> Verified:
        """Reads a token for the first time, and remembers it. Raises InvalidAccessToken."""
        if len(credential) > MAX_TOKEN_BYTES:
            raise InvalidAccessToken
        header, _, rest = credential.partition(".")
        payload, _, signature = rest.partition(".")
        key = self.keys.verifying.get(header)
        if key is None or not is_canonical(signature):
            raise InvalidAccessToken
        try:
            jwt.decode_complete(credential, key.verifying, [key.algorithm], OPTIONS, audience=NAME, issuer=NAME)
            known = self.read(json.loads(decoded(payload), object_pairs_hook=unique))
        except (jwt.PyJWTError, *NOT_A_CLAIM):
            raise InvalidAccessToken from None
        if len(self.verified) >= REMEMBERED:
            del self.verified[next(iter(self.verified))]
        self.verified[digest] = known
        return known

    def read(self, claims: Mapping[str, Any]) -> Verified:
        """What the claims say. Raises InvalidAccessToken, or one of NOT_A_CLAIM."""
        issue_time, expire_time = (moment(claims[name]) for name in ("iat", "exp"))
        if issue_time > self.now() + MAX_SKEW:
            raise InvalidAccessToken
        held = permissions.held_by(unpacked(claims["grants"]), unpacked_limited(claims.get("locale_grants", {})))
        caller = Caller(
            account_id=uuid.UUID(claims["sub"]),
            session_id=uuid.UUID(claims["sid"]),
            must_enrol=bool(claims.get("enrol", False)),
            **held._asdict(),
        )
        # Revocations are forgotten after a lifetime: a token from before the lifetime was made shorter must not outlive them.
        return Verified(caller, min(expire_time, issue_time + self.lifetime))


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names come once each (RFC 7519 section 4): of two, everyone may take another. Raises ValueError."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError
    return members


def moment(claim: Any) -> datetime:
    """What a NumericDate means, if it is one as we write it, in whole seconds. Raises one of NOT_A_CLAIM."""
    if type(claim) is not int:
        raise TypeError
    return datetime.fromtimestamp(claim, UTC)


def packed(grants: Grants) -> dict[str, list[str]]:
    """Grants as a claim: by the role's number, the organisations in 22 characters each, or `*`."""
    claim: dict[str, list[str]] = {}
    for role, organisation_id in permissions.fewest(grants):
        claim.setdefault(str(role), []).append(place(organisation_id))
    return claim


def packed_limited(limited: Limited) -> dict[str, dict[str, list[str]]]:
    """The same of grants for some languages, with these."""
    claim: dict[str, dict[str, list[str]]] = {}
    for role, organisation_id, locales in limited:
        claim.setdefault(str(role), {})[place(organisation_id)] = [*locales]
    return claim


def unpacked(claim: Mapping[str, list[str]]) -> list[tuple[int, uuid.UUID | None]]:
    return [(int(role), placed(each)) for role, organisations in claim.items() for each in organisations]


def unpacked_limited(claim: Mapping[str, Mapping[str, list[str]]]) -> list[tuple[int, uuid.UUID | None, list[str]]]:
    return [
        (int(role), placed(each), [*map(language, locales)])
        for role, organisations in claim.items()
        for each, locales in organisations.items()
    ]


def language(claim: Any) -> str:
    """Raises one of NOT_A_CLAIM."""
    if type(claim) is not str:
        raise TypeError
    return claim


def place(organisation_id: uuid.UUID | None) -> str:
    return encoded(organisation_id.bytes) if organisation_id else EVERYWHERE


def placed(claim: str) -> uuid.UUID | None:
    return None if claim == EVERYWHERE else uuid.UUID(bytes=decoded(claim))
