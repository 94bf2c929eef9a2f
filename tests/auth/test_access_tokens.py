"""Access tokens: what is accepted, and all that is not (RFC 8725, RFC 9068)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Container
from datetime import datetime, timedelta

import jwt
import pytest

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from server.auth import failures, permissions
from server.auth.sessions.revocations import Revocations
from server.auth.tokens import access
from server.auth.tokens.access import AccessTokens
from server.stores.postgres import Database
from tests.auth.forgeries import forgeries
from tests.auth.forgeries.signatures import other_half
from tests.auth.forging import ACCOUNT, FORGES, NOW, PLACE, SESSION, Forge, claims

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


@pytest.fixture(params=FORGES)
def forge(request: pytest.FixtureRequest) -> Forge:
    """Each test runs under each of the algorithms."""
    return FORGES[request.param]


@pytest.fixture
def revocations(clock: Clock) -> Revocations:
    unused: Database = None  # type: ignore[assignment]  # nothing here is read from a database
    return Revocations(unused, LIFETIME, clock)


@pytest.fixture
def access_tokens(clock: Clock, forge: Forge, revocations: Revocations) -> AccessTokens:
    return reading(forge, clock, revocations)


def reading(forge: Forge, clock: Clock, revoked: Container[uuid.UUID] = frozenset()) -> AccessTokens:
    return AccessTokens(forge.ring, LIFETIME, revoked, clock)


async def test_a_token_says_who_where_and_what(access_tokens: AccessTokens) -> None:
    """The caller that a token stands for is the one it was issued to, with the permissions of its grants."""
    grants = [(Role.ROLE_EDITOR, PLACE), (Role.ROLE_READER, None)]
    token = access_tokens.issue(ACCOUNT, SESSION, FOREVER, grants)
    caller = await access_tokens.identify(token.text)
    assert (caller.account_id, caller.session_id) == (ACCOUNT, SESSION)
    assert caller.permissions == permissions.permissions(grants)
    assert token.expire_time == NOW + LIFETIME


async def test_a_token_is_one_of_rfc_9068(access_tokens: AccessTokens, forge: Forge) -> None:
    """Others find the claims where the standard says, and no two tokens are the same."""
    token = access_tokens.issue(ACCOUNT, SESSION, FOREVER, [])
    assert jwt.get_unverified_header(token.text) == {"alg": forge.key.algorithm, "typ": "at+jwt", "kid": forge.key.kid}
    said = jwt.decode(token.text, options={"verify_signature": False})
    assert said == claims(jti=said["jti"], exp=int((NOW + LIFETIME).timestamp()), grants={})
    assert token.text != access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text


async def test_a_handmade_token_like_ours_is_accepted(access_tokens: AccessTokens, forge: Forge) -> None:
    """The forged tokens below are refused for what is wrong with each, not for how all of them are made."""
    for token in (forge.signed(), forge.signed(dict(forge.other.header), key=forge.other)):
        assert (await access_tokens.identify(token)).account_id == ACCOUNT


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
        with pytest.raises(failures.InvalidAccessToken):
            await access_tokens.identify(token.text)
    assert access_tokens.verified == {}


async def test_a_shorter_lifetime_holds_for_old_tokens_too(access_tokens: AccessTokens, forge: Forge, clock: Clock) -> None:
    """A token of a time when they held longer ends as early as a new one would."""
    old = forge.with_claims(exp=int((NOW + timedelta(days=1)).timestamp()))
    await access_tokens.identify(old)
    clock.time = NOW + LIFETIME
    with pytest.raises(failures.InvalidAccessToken):
        await access_tokens.identify(old)


async def test_a_revoked_sessions_tokens_are_refused_at_once(access_tokens: AccessTokens, revocations: Revocations) -> None:
    """Neither a remembered token nor one never seen helps after its session has ended."""
    first, second = (access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text for _ in range(2))
    other = access_tokens.issue(ACCOUNT, uuid.UUID(int=9), FOREVER, []).text
    await access_tokens.identify(first)
    revocations.receive(str(SESSION))
    for token in (first, second):
        with pytest.raises(failures.InvalidAccessToken):
            await access_tokens.identify(token)
    assert (await access_tokens.identify(other)).session_id == uuid.UUID(int=9)


async def test_a_revocation_is_kept_as_long_as_it_matters(revocations: Revocations, clock: Clock) -> None:
    """The memory of ended sessions does not grow for ever, and forgets none whose tokens could still hold."""
    revocations.add(SESSION)
    clock.time = NOW + LIFETIME
    revocations.add(uuid.UUID(int=9))
    assert SESSION in revocations
    clock.time = NOW + LIFETIME + timedelta(minutes=2)
    revocations.add(uuid.UUID(int=10))
    assert SESSION not in revocations
    assert uuid.UUID(int=9) in revocations


async def test_the_memory_of_tokens_is_bounded(access_tokens: AccessTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tokens come, a process remembers so many and no more."""
    monkeypatch.setattr(access, "REMEMBERED", 3)
    issued = [access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text for _ in range(5)]
    for token in issued:
        await access_tokens.identify(token)
    assert list(access_tokens.verified) == [hashlib.sha256(token.encode()).digest() for token in issued[2:]]


async def test_an_account_with_too_many_grants_gets_no_token(access_tokens: AccessTokens) -> None:
    """A token that would be refused for its length is not issued; eighty organisations fit."""
    grants = [(Role.ROLE_ADMIN, uuid.uuid4()) for _ in range(200)]
    caller = await access_tokens.identify(access_tokens.issue(ACCOUNT, SESSION, FOREVER, grants[:80]).text)
    assert caller.organisations(Permission.PERMISSION_DOCUMENTS_READ) == frozenset(place for _, place in grants[:80])
    with pytest.raises(failures.TooManyGrants):
        access_tokens.issue(ACCOUNT, SESSION, FOREVER, grants)


async def test_a_token_is_verified_once(access_tokens: AccessTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is known is looked up and not verified again; it is known by its hash, and its text is not kept."""
    token = access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text
    caller = await access_tokens.identify(token)
    monkeypatch.setattr(jwt, "decode_complete", None)
    assert await access_tokens.identify(token) is caller
    assert token not in repr(access_tokens.verified)


async def test_the_other_form_of_a_signature_dies_with_its_session(clock: Clock, revocations: Revocations) -> None:
    """An ES256 signature has a twin that is as valid. Revocation is by the session's id: no rewritten token outlives it."""
    access_tokens = reading(FORGES["ES256"], clock, revocations)
    token = access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text
    twin = other_half(token)
    for text in (token, twin):
        assert (await access_tokens.identify(text)).session_id == SESSION
    revocations.add(SESSION)
    for text in (token, twin, other_half(access_tokens.issue(ACCOUNT, SESSION, FOREVER, []).text)):
        with pytest.raises(failures.InvalidAccessToken):
            await access_tokens.identify(text)


async def test_what_is_too_long_is_not_decoded(
    access_tokens: AccessTokens, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of more than 4 KiB is refused by its length alone (T3)."""
    monkeypatch.setattr(access, "is_canonical", None)
    monkeypatch.setattr(jwt, "decode_complete", None)
    with pytest.raises(failures.InvalidAccessToken):
        await access_tokens.identify(forge.with_claims(jti="x" * 4096))


FORGED = {f"{algorithm}: {name}": token for algorithm in FORGES for name, token in forgeries(FORGES[algorithm]).items()}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_refused(clock: Clock, name: str) -> None:
    """No token but ours, exactly as we wrote it, stands for anybody; and what is refused is not remembered."""
    access_tokens = reading(FORGES[name.partition(":")[0]], clock)
    with pytest.raises(failures.InvalidAccessToken):
        await access_tokens.identify(FORGED[name])
    assert access_tokens.verified == {}
