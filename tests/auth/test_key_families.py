"""A key that was made with a key: it may do no more, holds no longer, and ends with it (A7)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import update

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.account_pb2 import Role
from server.auth.models import ApiKey
from server.rpc.messages import moment
from tests.auth.administering import ask
from tests.auth.api_keys import Desk, bearer, code_of, is_refused_within
from tests.auth.asking import another_process, get_me
from tests.auth.stored import change, events
from tests.polling import until
from tests.refusals import refused
from tests.service import Service

ACCOUNTS = Permission.PERMISSION_ACCOUNTS_WRITE
READ = Permission.PERMISSION_DOCUMENTS_READ
SEE = Permission.PERMISSION_ACCOUNTS_READ
SCOPES = (READ, SEE, ACCOUNTS)
OK = grpc.StatusCode.OK


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return Desk(service, await service.account(role=Role.ROLE_ADMIN))


@pytest_asyncio.fixture
async def account_id(desk: Desk) -> str:
    return await desk.service_account(role=Role.ROLE_ADMIN)


async def made_with(desk: Desk, maker: rpc.CreateApiKeyResponse, account_id: str, **given: Any) -> rpc.CreateApiKeyResponse:
    request = rpc.CreateApiKeyRequest(**{"account_id": account_id, "name": "a key", "scopes": SCOPES, **given})
    return await desk.accounts.CreateApiKey(request, metadata=bearer(maker.key))


async def chain(desk: Desk, account_id: str, length: int = 3) -> list[rpc.CreateApiKeyResponse]:
    """Keys of which each was made with the one before; the first by a person."""
    keys = [await desk.key(account_id, SCOPES)]
    for _ in range(length - 1):
        keys.append(await made_with(desk, keys[-1], account_id))
    return keys


def after(days: float) -> Timestamp:
    end = Timestamp()
    end.FromDatetime(datetime.now(UTC) + timedelta(days=days))
    return end


@pytest.mark.parametrize("given", [{}, {"expire_time": after(700)}], ids=["unsaid", "later"])
async def test_a_key_ends_no_later_than_its_maker(desk: Desk, account_id: str, given: dict[str, Any]) -> None:
    """Whatever end is asked for, and in a chain of any length; an earlier one may be asked for."""
    keys = [await desk.key(account_id, SCOPES, expire_time=after(30))]
    for _ in range(4):
        keys.append(await made_with(desk, keys[-1], account_id, **given))
    assert {moment(each.api_key.expire_time) for each in keys} == {moment(keys[0].api_key.expire_time)}
    assert [each.api_key.maker_id for each in keys] == ["", *(each.api_key.id for each in keys[:-1])]
    sooner = await made_with(desk, keys[-1], account_id, expire_time=after(1))
    assert moment(sooner.api_key.expire_time) < moment(keys[0].api_key.expire_time)


async def test_a_key_is_revoked_with_its_maker(desk: Desk, account_id: str) -> None:
    """The whole chain, in every process that had accepted it, whosever account a key is of; the audit has each. Keys that were
    made by people go on."""
    other_account = await desk.service_account(role=Role.ROLE_ADMIN)
    keys = await chain(desk, account_id)
    keys.append(await made_with(desk, keys[-1], other_account))
    keys.append(await made_with(desk, keys[-1], account_id))
    sibling = await desk.key(account_id, SCOPES)
    async with another_process(desk.service) as elsewhere:
        channels = (desk.service.channel, elsewhere)
        for each in (*keys, sibling):
            assert [await code_of(channel, each.key) for channel in channels] == [OK, OK]
        await desk.revoke(account_id, keys[0].api_key.id)
        for each in keys:
            assert all([await is_refused_within(channel, each.key, 5.0) for channel in channels])
        assert [await code_of(channel, sibling.key) for channel in channels] == [OK, OK]
    assert {event.target for event in await events(desk.service, "api_key.revoke")} == {each.api_key.id for each in keys}
    assert (await refused(made_with(desk, keys[-1], account_id))).reason == "INVALID_API_KEY"


async def test_only_what_came_of_it_ends(desk: Desk, account_id: str) -> None:
    """A key in the middle takes with it those after it, and not those before."""
    first, second, third = await chain(desk, account_id)
    beside = await made_with(desk, first, account_id)
    await desk.revoke(account_id, second.api_key.id)
    for each in (second, third):
        assert await is_refused_within(desk.service.channel, each.key, 5.0)
    for each in (first, beside):
        assert await code_of(desk.service.channel, each.key) is OK


@pytest.mark.parametrize("method", ["DisableAccount", "EraseAccount"])
async def test_a_key_ends_with_its_maker_s_account(desk: Desk, account_id: str, method: str) -> None:
    """What a service has made for another with its key is worth nothing while, or once, it may do nothing itself."""
    other_account = await desk.service_account(role=Role.ROLE_ADMIN)
    maker = await desk.key(account_id, SCOPES)
    child = await made_with(desk, await made_with(desk, maker, other_account), other_account)
    assert await code_of(desk.service.channel, child.key) is OK
    await ask(desk.service, desk.admin, method, id=account_id)
    assert await is_refused_within(desk.service.channel, child.key, 5.0)
    if method == "DisableAccount":
        await ask(desk.service, desk.admin, "EnableAccount", id=account_id)
        assert await code_of(desk.service.channel, child.key) is OK


async def test_a_key_that_replaces_its_maker(desk: Desk, account_id: str) -> None:
    """A service renews its own key: the new one holds when the old one's overlap is over, to the end that this had, and has
    nothing to do with its other keys, which end with the overlap. Revoked, the old one takes it along."""
    old = await desk.key(account_id, SCOPES, expire_time=after(30))
    other = await made_with(desk, old, account_id)
    overlap = Duration(seconds=0)
    new = await made_with(desk, old, account_id, replaces_id=old.api_key.id, overlap=overlap, expire_time=after(700))
    assert (new.api_key.replaces_id, moment(new.api_key.expire_time)) == (old.api_key.id, moment(old.api_key.expire_time))
    for each in (old, other):
        assert await is_refused_within(desk.service.channel, each.key, 5.0)
    assert await code_of(desk.service.channel, new.key) is OK
    newest = await made_with(desk, new, account_id, replaces_id=new.api_key.id)
    assert [await code_of(desk.service.channel, each.key) for each in (new, newest)] == [OK, OK]
    await desk.revoke(account_id, old.api_key.id)
    for each in (new, newest):
        assert await is_refused_within(desk.service.channel, each.key, 5.0)


async def test_a_key_that_an_admin_replaces(desk: Desk, account_id: str) -> None:
    """What was made with the replaced key ends with the overlap; the new key, which a person made, survives the old one."""
    old = await desk.key(account_id, SCOPES)
    child = await made_with(desk, await made_with(desk, old, account_id), account_id)
    new = await desk.key(account_id, SCOPES, replaces_id=old.api_key.id)
    ends = {each.id: moment(each.expire_time) for each in (await desk.keys(account_id)).api_keys}
    assert ends[child.api_key.id] == ends[old.api_key.id] == moment(new.api_key.create_time) + timedelta(days=1)
    await desk.revoke(account_id, old.api_key.id)
    assert await is_refused_within(desk.service.channel, child.key, 5.0)
    assert await code_of(desk.service.channel, new.key) is OK


async def test_a_key_makes_none_that_may_more(desk: Desk, account_id: str) -> None:
    """Nor does the key after it: scopes are at most the maker's, along the chain."""
    maker = await desk.key(account_id, SCOPES)
    child = await made_with(desk, maker, account_id, scopes=[SEE, ACCOUNTS])
    for key, scope in ((maker, Permission.PERMISSION_DOCUMENTS_WRITE), (child, READ)):
        refusal = await refused(made_with(desk, key, account_id, scopes=[ACCOUNTS, scope]))
        assert (refusal.code, refusal.info.metadata["permission"]) == (
            grpc.StatusCode.PERMISSION_DENIED,
            Permission.Name(scope),
        )


async def test_a_key_that_has_ended_makes_none(desk: Desk, account_id: str) -> None:
    """A process that remembers the maker as it was does not make a key that would outlive it."""
    maker = await desk.key(account_id, SCOPES)
    await get_me(desk.service.channel, maker.key)
    late = update(ApiKey).where(ApiKey.id == uuid.UUID(maker.api_key.id)).values(revoke_time=datetime.now(UTC))
    await change(desk.service, late)
    assert (await refused(made_with(desk, maker, account_id))).reason == "INVALID_API_KEY"
    assert len((await until(lambda: desk.keys(account_id))).api_keys) == 1
