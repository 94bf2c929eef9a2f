"""How API keys end: revoked, replaced, at their time, with their account."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import func, update

from gazette.auth.v1.account_pb2 import Role
from server import app as application
from server.auth.models import ApiKey
from server.rpc.messages import moment
from tests.auth.api_keys import Desk, code_of, is_refused_within
from tests.auth.stored import change, events
from tests.refusals import refused
from tests.service import Service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return Desk(service, await service.account(role=Role.ROLE_ADMIN))


@pytest_asyncio.fixture
async def own_desk(own_service: Service) -> Desk:
    """On a server of its own, which does not hear or has no other services."""
    return Desk(own_service, await own_service.account(role=Role.ROLE_ADMIN))


async def test_a_revoked_key_is_refused_at_once(desk: Desk) -> None:
    """A key that was used a moment ago is refused in every process within a second of its revocation (A7)."""
    account_id = await desk.service_account()
    made, other = await desk.key(account_id), await desk.key(account_id)
    process = await application.build(desk.service.settings)
    await process.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as elsewhere:
        for channel in (desk.service.channel, elsewhere):
            assert await code_of(channel, made.key) is grpc.StatusCode.OK

        ended = (await desk.revoke(account_id, made.api_key.id)).api_key

        assert ended.HasField("revoke_time")
        assert await code_of(desk.service.channel, made.key) is grpc.StatusCode.UNAUTHENTICATED
        assert await is_refused_within(elsewhere, made.key, 1.0)
        assert await code_of(elsewhere, other.key) is grpc.StatusCode.OK
    await process.stop()
    assert (await desk.revoke(account_id, made.api_key.id)).api_key == ended
    assert len(await events(desk.service, "api_key.revoke")) == 1


async def test_a_key_is_asked_about_while_nothing_is_heard(own_desk: Desk) -> None:
    """While a process would not hear of a revocation it asks the database each time."""
    account_id = await own_desk.service_account()
    made = await own_desk.key(account_id)
    assert await code_of(own_desk.service.channel, made.key) is grpc.StatusCode.OK
    await own_desk.service.app.base.listener.stop()
    own_desk.service.app.base.listener.lost_since = 1.0
    await change(own_desk.service, update(ApiKey).values(revoke_time=func.now()))
    assert await code_of(own_desk.service.channel, made.key) is grpc.StatusCode.UNAUTHENTICATED


async def test_a_key_that_ended_unheard_is_asked_about(own_desk: Desk) -> None:
    """What a process remembers of keys from before an outage of its notifications counts for nothing after it."""
    made = await own_desk.key(await own_desk.service_account())
    assert await code_of(own_desk.service.channel, made.key) is grpc.StatusCode.OK
    listener = own_desk.service.app.base.listener
    await listener.stop()
    await change(own_desk.service, update(ApiKey).values(revoke_time=func.now()))
    listener.heard_once.clear()
    listener.start()
    async with asyncio.timeout(20):
        await listener.heard_once.wait()
    assert await code_of(own_desk.service.channel, made.key) is grpc.StatusCode.UNAUTHENTICATED


async def test_a_disabled_service_and_a_lost_role_end_keys(desk: Desk) -> None:
    """Disabling the account, and taking its role, is felt by its keys within a second."""
    from gazette.auth.v1.account_administration_pb2 import DisableAccountRequest, EnableAccountRequest, RevokeRoleRequest

    account_id = await desk.service_account()
    made = await desk.key(account_id)
    assert await code_of(desk.service.channel, made.key) is grpc.StatusCode.OK
    await desk.accounts.DisableAccount(DisableAccountRequest(id=account_id), metadata=desk.admin.metadata)
    assert await is_refused_within(desk.service.channel, made.key, 1.0)
    await desk.accounts.EnableAccount(EnableAccountRequest(id=account_id), metadata=desk.admin.metadata)
    assert await code_of(desk.service.channel, made.key) is grpc.StatusCode.OK
    revocation = RevokeRoleRequest(id=account_id, role=Role.ROLE_AUTHOR)
    await desk.accounts.RevokeRole(revocation, metadata=desk.admin.metadata)
    assert await is_refused_within(desk.service.channel, made.key, 1.0)


async def test_a_key_ends(desk: Desk) -> None:
    """A key holds for a year, or until the time that was given, and not a moment longer."""
    account_id = await desk.service_account()
    made = await desk.key(account_id)
    assert moment(made.api_key.expire_time) - moment(made.api_key.create_time) == timedelta(days=365)
    end = Timestamp()
    end.FromDatetime(datetime.now(UTC) + timedelta(seconds=1))
    short = await desk.key(account_id, expire_time=end)
    assert await code_of(desk.service.channel, short.key) is grpc.StatusCode.OK
    assert await is_refused_within(desk.service.channel, short.key, 5.0)


@pytest.mark.parametrize("days", [-1, 0, 732])
async def test_an_end_must_make_sense(desk: Desk, days: int) -> None:
    """An end in the past, or more than two years away, is refused."""
    end = Timestamp()
    end.FromDatetime(datetime.now(UTC) + timedelta(days=days))
    refusal = await refused(desk.key(await desk.service_account(), expire_time=end))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == ["expire_time"]


async def test_a_key_is_replaced_with_overlap(desk: Desk) -> None:
    """The replaced key holds for as long as was asked, so that nothing fails while the new one is put in place."""
    account_id = await desk.service_account()
    first = await desk.key(account_id)
    second = await desk.key(account_id, replaces_id=first.api_key.id)
    assert await code_of(desk.service.channel, first.key) is grpc.StatusCode.OK
    newer, older = (await desk.keys(account_id)).api_keys
    assert (newer.id, older.id) == (second.api_key.id, first.api_key.id)
    assert moment(older.expire_time) == moment(newer.create_time) + timedelta(days=1)
    third = await desk.key(account_id, replaces_id=second.api_key.id, overlap=Duration(seconds=0))
    assert await is_refused_within(desk.service.channel, second.key, 1.0)
    assert await code_of(desk.service.channel, third.key) is grpc.StatusCode.OK


async def test_a_key_replaces_its_account_s_own(desk: Desk) -> None:
    """A key of another account, or none, cannot be replaced."""
    account_id, other = await desk.service_account(), await desk.service_account()
    theirs = (await desk.key(other)).api_key
    for key_id in (theirs.id, str(uuid.uuid4())):
        refusal = await refused(desk.key(account_id, replaces_id=key_id))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "API_KEY_NOT_FOUND")
        assert (await refused(desk.revoke(account_id, key_id))).reason == "API_KEY_NOT_FOUND"
    assert (await desk.keys(other)).api_keys[0] == theirs
