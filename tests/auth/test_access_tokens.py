"""Access tokens: what is accepted, and all that is not (RFC 8725, RFC 9068)."""

from __future__ import annotations

import json
import string
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from server.auth import rules, tokens
from server.auth.revocations import Revocations
from server.auth.tokens import AccessTokens, RefreshTokens
from server.database import Database
from tests.auth.forging import ACCOUNT, HEADER, NOW, PLACE, SECRET, SESSION, claims, segment, signed, with_claims, with_header

LIFETIME = timedelta(minutes=15)
FOREVER = NOW + timedelta(days=3650)


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access_tokens(clock: Clock) -> AccessTokens:
    unused: Database = None  # type: ignore[assignment]  # nothing here is read from a database
    return AccessTokens(SECRET, LIFETIME, Revocations(unused, LIFETIME, clock), clock)


async def test_a_token_says_who_where_and_what(access_tokens: AccessTokens) -> None:
    """The caller that a token stands for is the one it was issued to, with the permissions of its grants."""
    grants = [(Role.ROLE_EDITOR, PLACE), (Role.ROLE_READER, None)]
    token = access_tokens.issue(ACCOUNT, SESSION, FOREVER, grants)
    caller = await access_tokens.identify(token.text)
    assert (caller.account_id, caller.session_id) == (ACCOUNT, SESSION)
    assert caller.permissions == rules.permissions(grants)
    assert token.expire_time == NOW + LIFETIME


async def test_a_token_is_one_of_rfc_9068(access_tokens: AccessTokens) -> None:
    """Others find the claims where the standard says, and no two tokens are the same."""
    token = access_tokens.issue(ACCOUNT, SESSION, FOREVER, [])
    assert jwt.get_unverified_header(token.text) == HEADER
    said = jwt.decode(token.text, options={"verify_signature": False})
    assert said == claims(jti=said["jti"], exp=int((NOW + LIFETIME).timestamp()), grants={})
    assert token.text != access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text


async def test_a_handmade_token_like_ours_is_accepted(access_tokens: AccessTokens) -> None:
    """The forged tokens below are refused for what is wrong with each, not for how all of them are made."""
    assert (await access_tokens.identify(signed())).account_id == ACCOUNT


async def test_a_token_ends_with_its_session(access_tokens: AccessTokens) -> None:
    """A session's last access token does not outlive it."""
    end = NOW + timedelta(minutes=2)
    assert access_tokens.issue(ACCOUNT, SESSION, end, []).expire_time == end


async def test_an_expired_token_is_refused_though_it_was_accepted_before(access_tokens: AccessTokens, clock: Clock) -> None:
    """A remembered token is forgotten when its time has come."""
    token = access_tokens.issue(ACCOUNT, SESSION, FOREVER, [])
    await access_tokens.identify(token.text)
    clock.time = token.expire_time - timedelta(microseconds=1)
    await access_tokens.identify(token.text)
    clock.time = token.expire_time
    for _ in range(2):
        with pytest.raises(rules.InvalidAccessToken):
            await access_tokens.identify(token.text)
    assert access_tokens.verified == {}


async def test_a_shorter_lifetime_holds_for_old_tokens_too(access_tokens: AccessTokens, clock: Clock) -> None:
    """A token of a time when they held longer ends as early as a new one would."""
    old = with_claims(exp=int((NOW + timedelta(days=1)).timestamp()))
    await access_tokens.identify(old)
    clock.time = NOW + LIFETIME
    with pytest.raises(rules.InvalidAccessToken):
        await access_tokens.identify(old)


async def test_a_revoked_sessions_tokens_are_refused_at_once(access_tokens: AccessTokens) -> None:
    """Neither a remembered token nor one never seen helps after its session has ended."""
    first, second = (access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text for _ in range(2))
    other = access_tokens.issue(ACCOUNT, uuid.UUID(int=9), FOREVER, []).text
    await access_tokens.identify(first)
    access_tokens.revocations.receive(str(SESSION))
    for token in (first, second):
        with pytest.raises(rules.InvalidAccessToken):
            await access_tokens.identify(token)
    assert (await access_tokens.identify(other)).session_id == uuid.UUID(int=9)


async def test_a_revocation_is_kept_as_long_as_it_matters(access_tokens: AccessTokens, clock: Clock) -> None:
    """The memory of ended sessions does not grow for ever, and forgets none whose tokens could still hold."""
    access_tokens.revocations.add(SESSION)
    clock.time = NOW + LIFETIME
    access_tokens.revocations.add(uuid.UUID(int=9))
    assert SESSION in access_tokens.revocations
    clock.time = NOW + LIFETIME + timedelta(minutes=2)
    access_tokens.revocations.add(uuid.UUID(int=10))
    assert SESSION not in access_tokens.revocations
    assert uuid.UUID(int=9) in access_tokens.revocations


async def test_the_memory_of_tokens_is_bounded(access_tokens: AccessTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tokens come, a process remembers so many and no more."""
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    issued = [access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text for _ in range(5)]
    for token in issued:
        await access_tokens.identify(token)
    assert list(access_tokens.verified) == issued[2:]


async def test_an_account_with_too_many_grants_gets_no_token(access_tokens: AccessTokens) -> None:
    """A token that would be refused for its length is not issued; eighty organisations fit."""
    grants = [(Role.ROLE_ADMIN, uuid.uuid4()) for _ in range(200)]
    caller = await access_tokens.identify(access_tokens.issue(ACCOUNT, SESSION, FOREVER, grants[:80]).text)
    assert caller.organisations(Permission.PERMISSION_DOCUMENTS_READ) == frozenset(place for _, place in grants[:80])
    with pytest.raises(rules.TooManyGrants):
        access_tokens.issue(ACCOUNT, SESSION, FOREVER, grants)


def padded_otherwise() -> str:
    """Our token, its last character changed in the two bits that decoding ignores."""
    token = signed()
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def with_parts(*changed: Callable[[str], str]) -> str:
    """Our token, some of its three segments changed after signing."""
    return ".".join(change(part) for change, part in zip(changed, signed().split("."), strict=True))


def same(part: str) -> str:
    return part


def public_key(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


THIEF = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THIEFS_CURVE = ec.generate_private_key(ec.SECP256R1())
SOON = int((NOW + timedelta(minutes=5)).timestamp())

FORGED = {
    # Algorithms.
    "alg none": f"{segment({**HEADER, 'alg': 'none'})}.{segment(claims())}.",
    "alg None": f"{segment({**HEADER, 'alg': 'None'})}.{segment(claims())}.",
    "alg nOnE, signed": with_header(alg="nOnE"),
    "alg empty": with_header(alg=""),
    "alg absent": with_header(alg=...),
    "alg a list": with_header(alg=["HS256"]),
    "alg in lower case": with_header(alg="hs256"),
    "alg HS512, our secret": signed({**HEADER, "alg": "HS512"}, digest="sha512"),
    "alg HS384, our secret": signed({**HEADER, "alg": "HS384"}, digest="sha384"),
    "RS256 by the thief's key": jwt.encode(claims(), THIEF, "RS256", {"typ": "at+jwt"}),
    "PS256 by the thief's key": jwt.encode(claims(), THIEF, "PS256", {"typ": "at+jwt"}),
    "ES256 by the thief's key": jwt.encode(claims(), THIEFS_CURVE, "ES256", {"typ": "at+jwt"}),
    "RS256 that is HMAC of our secret": with_header(alg="RS256"),
    "HS256 with a public key as the secret": signed(secret=public_key(THIEF)),
    "HS256 with no secret": signed(secret=""),
    "HS256 with another secret": signed(secret=SECRET + "!"),
    "HS256 with the refresh tokens' secret": signed(secret="a secret of the tests, for refresh tokens"),
    # Headers that say more than ours, though signed with our secret.
    "crit": with_header(crit=["exp"]),
    "crit empty": with_header(crit=[]),
    "b64 false": with_header(b64=False),
    "b64 false and critical": with_header(b64=False, crit=["b64"]),
    "b64 true": with_header(b64=True),
    "jku": with_header(jku="https://thief.example/keys"),
    "jwk": with_header(jwk={"kty": "oct", "k": segment(b"thief")}),
    "x5u": with_header(x5u="https://thief.example/chain"),
    "x5c": with_header(x5c=["MIIB"]),
    "kid": with_header(kid="../../dev/null"),
    "zip": with_header(zip="DEF"),
    "cty": with_header(cty="JWT"),
    # Types.
    "typ JWT": with_header(typ="JWT"),
    "typ absent": with_header(typ=...),
    "typ in upper case": with_header(typ="AT+JWT"),
    "typ of a refresh token": with_header(typ="rt+jwt"),
    "typ null": with_header(typ=None),
    # Claims that are missing or wrong.
    **{f"{name} absent": with_claims(**{name: ...}) for name in claims()},
    **{f"{name} null": with_claims(**{name: None}) for name in claims()},
    "iss of another": with_claims(iss="https://thief.example"),
    "iss a list": with_claims(iss=["gazette"]),
    "aud of another": with_claims(aud="treasury"),
    "aud a list": with_claims(aud=["gazette", "treasury"]),
    "sub no UUID": with_claims(sub="admin"),
    "sub a number": with_claims(sub=1),
    "sid no UUID": with_claims(sid="*"),
    "sid a number": with_claims(sid=2),
    "jti a number": with_claims(jti=3),
    "exp past": with_claims(exp=int(NOW.timestamp())),
    "exp a word": with_claims(exp="never"),
    "exp beyond all time": with_claims(exp=10**30),
    "exp infinite": with_claims(exp=float("inf")),
    "iat in the future": with_claims(iat=SOON, exp=SOON + 60),
    "iat a word": with_claims(iat="now"),
    "nbf in the future": with_claims(nbf=4102444800),
    "grants a word": with_claims(grants="admin"),
    "grants a list": with_claims(grants=[["5", "*"]]),
    "grants of no role": with_claims(grants={"admin": ["*"]}),
    "grants in no place": with_claims(grants={"5": ["everywhere"]}),
    "grants not in a list": with_claims(grants={"5": 1}),
    "payload a list": signed(payload=[claims()]),
    "payload no JSON": signed(payload=b"admin"),
    "payload too deep": signed(payload=b"[" * 1000),
    "header a list": signed([HEADER]),
    "header no JSON": signed(b"HS256"),
    # Changed after signing, or written otherwise.
    "grants changed": with_parts(same, lambda _: segment(claims(grants={"5": ["*"]})), same),
    "signature of another token": with_parts(same, same, lambda _: with_claims(jti="two").rpartition(".")[2]),
    "signature empty": with_parts(same, same, lambda _: ""),
    "signature cut": with_parts(same, same, lambda part: part[:-4]),
    "signature padded": signed() + "=",
    "signature padded in its unused bits": padded_otherwise(),
    "signature with a newline": signed() + "\n",
    "signature with a blank": with_parts(same, same, lambda part: f"{part[:5]} {part[5:]}"),
    "signature with what base64 ignores": with_parts(same, same, lambda part: f"{part[:5]}!{part[5:]}"),
    "payload padded": with_parts(same, lambda part: part + "=", same),
    "header padded": with_parts(lambda part: part + "=", same, same),
    "two segments": signed().rpartition(".")[0],
    "four segments": signed() + ".",
    "five segments": "a.b.c.d.e",
    "an object": json.dumps({"protected": segment(HEADER), "payload": segment(claims())}),
    "empty": "",
    "dots": "..",
    "a refresh token": RefreshTokens("a secret of the tests, for refresh tokens").token(SESSION, 0),
    "a refresh token under our secret": RefreshTokens(SECRET).token(SESSION, 0),
    "not ASCII": signed() + "ü",
    "a lone surrogate": signed() + "\ud800",
    "longer than 4 KiB": with_claims(jti="x" * 4096),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_refused(access_tokens: AccessTokens, name: str) -> None:
    """No token but ours, exactly as we wrote it, stands for anybody; and what is refused is not remembered."""
    with pytest.raises(rules.InvalidAccessToken):
        await access_tokens.identify(FORGED[name])
    assert access_tokens.verified == {}
