"""AccountService called by services: an API key may do what its scopes and its account's roles both allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.account_pb2 import Account, AccountState, Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from tests.auth.administering import ask, invite
from tests.auth.asking import is_refused_soon
from tests.auth.stored import events
from tests.refusals import refused
from tests.service import Person, Service

READ = Permission.PERMISSION_ACCOUNTS_READ
WRITE = Permission.PERMISSION_ACCOUNTS_WRITE


async def machine(service: Service, admin: Person, *scopes: Permission.ValueType, place: str = "") -> Person:
    """A service that is an admin, with a key for an access token."""
    accounts = AccountServiceStub(service.channel)
    wanted = rpc.CreateServiceAccountRequest(
        account=Account(name="staff register"), role=Role.ROLE_ADMIN, organisation_id=place
    )
    made = (await accounts.CreateServiceAccount(wanted, metadata=admin.metadata)).account
    expire_time = Timestamp()
    expire_time.FromDatetime(datetime.now(UTC) + timedelta(days=1))
    key = rpc.CreateApiKeyRequest(account_id=made.id, name="register", scopes=scopes, expire_time=expire_time)
    answer = await accounts.CreateApiKey(key, metadata=admin.metadata)
    return Person(made.id, "", "", answer.key, "")


async def test_a_service_looks_after_its_organisations_people(service: Service) -> None:
    """With both scopes it does what an admin of the organisation does, in its own name, and no more."""
    here, there = await service.organisation(), await service.organisation()
    register = await machine(service, await service.account(role=Role.ROLE_ADMIN), READ, WRITE, place=here)
    ada = await invite(service, register, organisation_id=here)
    (event,) = await events(service, "account.invite")
    assert (str(event.actor_id), event.target) == (register.id, ada.id)
    disabled = (await ask(service, register, "DisableAccount", id=ada.id)).account
    assert disabled.state == AccountState.ACCOUNT_STATE_DISABLED
    other = await service.account(role=Role.ROLE_READER, organisation_id=there)
    assert (await refused(ask(service, register, "DisableAccount", id=other.id))).reason == "ACCOUNT_NOT_FOUND"
    assert (await refused(ask(service, register, "DisableAccount", id=register.id))).reason == "OWN_ACCOUNT"


async def test_a_key_without_the_scope_changes_nothing(service: Service) -> None:
    """A key to see accounts sees them, and does not invite, though its account could."""
    register = await machine(service, await service.account(role=Role.ROLE_ADMIN), READ)
    assert len((await ask(service, register, "ListAccounts")).accounts) == 2
    refusal = await refused(invite(service, register))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    assert refusal.info.metadata["permission"] == "PERMISSION_ACCOUNTS_WRITE"


async def test_a_disabled_service_is_out(service: Service) -> None:
    """Its keys are refused within seconds, and hold again once it is enabled."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    register = await machine(service, admin, READ)
    await ask(service, register, "ListAccounts")
    await ask(service, admin, "DisableAccount", id=register.id)
    assert await is_refused_soon(service.channel, register.access_token)
    enabled = (await ask(service, admin, "EnableAccount", id=register.id)).account
    assert enabled.state == AccountState.ACCOUNT_STATE_ACTIVE
    await ask(service, register, "ListAccounts")
