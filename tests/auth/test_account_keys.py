"""AccountService called by services: an API key may do what its scopes and its account's roles both allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.account_pb2 import Account, AccountState, Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from server.auth.permissions import ROLE_PERMISSIONS
from tests.auth.administering import ask, invite
from tests.auth.asking import is_refused_soon
from tests.auth.stored import events
from tests.refusals import refused
from tests.service import Person, Service

READ = Permission.PERMISSION_ACCOUNTS_READ
WRITE = Permission.PERMISSION_ACCOUNTS_WRITE
AUTHOR = tuple(Permission.ValueType(each) for each in sorted(ROLE_PERMISSIONS[Role.ROLE_AUTHOR]))


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
    """With both scopes, and all that it hands out, it does what an admin of the organisation does, in its own name."""
    here, there = await service.organisation(), await service.organisation()
    register = await machine(service, await service.account(role=Role.ROLE_ADMIN), READ, WRITE, *AUTHOR, place=here)
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
    admin = await service.account(role=Role.ROLE_ADMIN)
    register = await machine(service, admin, READ)
    found = (await ask(service, register, "ListAccounts")).accounts
    assert [account.id for account in found[:2]] == [register.id, admin.id]
    refusal = await refused(invite(service, register))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    assert refusal.info.metadata["permission"] == "PERMISSION_ACCOUNTS_WRITE"


async def test_a_key_hands_out_no_more_than_it_has(service: Service) -> None:
    """Who has a key to look after accounts, and no other scope, makes nobody more than that, and no wider key for itself."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    ada = await service.account(role=Role.ROLE_READER)
    register = await machine(service, admin, READ, WRITE)
    accounts = AccountServiceStub(service.channel)
    wanted = rpc.CreateServiceAccountRequest(account=Account(name="its own"), role=Role.ROLE_READER)
    for call in (
        ask(service, register, "GrantRole", id=ada.id, role=Role.ROLE_ADMIN),
        ask(service, register, "GrantRole", id=register.id, role=Role.ROLE_PUBLISHER),
        invite(service, register, role=Role.ROLE_ADMIN),
        accounts.CreateServiceAccount(wanted, metadata=register.metadata),
    ):
        assert (await refused(call)).code is grpc.StatusCode.PERMISSION_DENIED
    publish = Permission.PERMISSION_DOCUMENTS_PUBLISH
    for scopes, code in (([READ, publish], grpc.StatusCode.PERMISSION_DENIED), ([READ], grpc.StatusCode.OK)):
        key = rpc.CreateApiKeyRequest(account_id=register.id, name="another", scopes=scopes)
        assert await accounts.CreateApiKey(key, metadata=register.metadata).code() is code
    assert await events(service, "grant.add") == []


async def test_a_key_waits_for_no_permission_that_its_maker_lacks(service: Service) -> None:
    """An admin of one organisation makes no key that would get what only a grant for all gives, were it given one later."""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    register = await machine(service, admin, READ, place=here)
    scopes = [Permission.PERMISSION_ORGANISATIONS_WRITE]
    key = rpc.CreateApiKeyRequest(account_id=register.id, name="later", scopes=scopes)
    refusal = await refused(AccountServiceStub(service.channel).CreateApiKey(key, metadata=admin.metadata))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    assert refusal.info.metadata["permission"] == "PERMISSION_ORGANISATIONS_WRITE"


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
