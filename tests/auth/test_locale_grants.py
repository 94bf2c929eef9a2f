"""Roles that are held for documents in some languages alone: giving and taking them, and what tokens and keys say of them."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
import jwt
import pytest
from sqlalchemy import select

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Account, Role
from gazette.auth.v1.account_service_pb2 import ListAccountsRequest
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import Document
from server.auth import models, permissions
from server.auth.accounts import rules
from server.auth.failures import TooManyGrants
from tests.auth.administering import ask, refresh
from tests.auth.api_keys import Desk, bearer
from tests.auth.asking import get_me
from tests.auth.stored import events, rows
from tests.refusals import refused
from tests.service import Person, Service

AUTHOR, EDITOR, PUBLISHER = Role.ROLE_AUTHOR, Role.ROLE_EDITOR, Role.ROLE_PUBLISHER
WRITE, READ = Permission.PERMISSION_DOCUMENTS_WRITE, Permission.PERMISSION_DOCUMENTS_READ


async def grant(service: Service, caller: Person, person: Person, role: Role.ValueType, place: str, *locales: str) -> Account:
    given = {"id": person.id, "role": role, "organisation_id": place, "locales": locales}
    account: Account = (await ask(service, caller, "GrantRole", **given)).account
    return account


async def revoke(service: Service, caller: Person, person: Person, role: Role.ValueType, place: str, *locales: str) -> Account:
    given = {"id": person.id, "role": role, "organisation_id": place, "locales": locales}
    account: Account = (await ask(service, caller, "RevokeRole", **given)).account
    return account


def roles(account: Account) -> list[tuple[int, str, list[str]]]:
    return [(each.role, each.organisation_id, [*each.locales]) for each in account.grants]


async def test_languages_are_added_and_taken(service: Service) -> None:
    """A role is held for the languages that it was granted for, each in its canonical form, and for one less when that is
    taken; once it is granted for all, single ones count no more. (Z9)"""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    person = await service.account(role=Role.ROLE_READER, organisation_id=here)
    reader: tuple[int, str, list[str]] = (Role.ROLE_READER, here, [])
    assert roles(await grant(service, admin, person, AUTHOR, here, "cy", "pt-br")) == [reader, (AUTHOR, here, ["cy", "pt-BR"])]
    assert roles(await grant(service, admin, person, AUTHOR, here, "fr", "cy")) == [
        reader,
        (AUTHOR, here, ["cy", "fr", "pt-BR"]),
    ]
    assert roles(await revoke(service, admin, person, AUTHOR, here, "fr", "de")) == [reader, (AUTHOR, here, ["cy", "pt-BR"])]
    refusal = await refused(revoke(service, admin, person, AUTHOR, here, "fr"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "GRANT_NOT_FOUND")
    assert roles(await grant(service, admin, person, EDITOR, here, "cy"))[-1] == (EDITOR, here, ["cy"])
    assert roles(await revoke(service, admin, person, EDITOR, here)) == [reader, (AUTHOR, here, ["cy", "pt-BR"])]
    assert roles(await grant(service, admin, person, AUTHOR, here)) == [reader, (AUTHOR, here, [])]
    assert roles(await grant(service, admin, person, AUTHOR, here, "cy")) == [reader, (AUTHOR, here, [])]
    assert (await refused(revoke(service, admin, person, AUTHOR, here, "cy"))).reason == "GRANT_NOT_FOUND"
    told = [each.details["after"]["roles"] for each in await events(service, "grant.add") if each.target == person.id]
    assert told[:2] == [["ROLE_READER", "ROLE_AUTHOR (cy, pt-BR)"], ["ROLE_READER", "ROLE_AUTHOR (cy, fr, pt-BR)"]]


async def test_which_roles_are_for_languages(service: Service) -> None:
    """What is about readers, people and files has no language."""
    here = await service.organisation()
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account(role=Role.ROLE_READER)
    for role in (Role.ROLE_READER, Role.ROLE_ADMIN):
        refusal = await refused(grant(service, admin, person, role, here, "cy"))
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (await refused(grant(service, admin, person, AUTHOR, here, "no language"))).code is grpc.StatusCode.INVALID_ARGUMENT


async def test_who_has_no_other_role(service: Service) -> None:
    """Whose only role is for one language can be seen by those who look after accounts there, signs in, and is told of it; the
    token says so where a release that knows of no such roles does not look."""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    person = await service.account(role=Role.ROLE_READER, organisation_id=here)
    await grant(service, admin, person, AUTHOR, here, "cy")
    await revoke(service, admin, person, Role.ROLE_READER, here)
    again = await service.sign_in(person.email)
    assert roles((await get_me(service.channel, again.access_token)).account) == [(AUTHOR, here, ["cy"])]
    accounts: Any = AccountServiceStub(service.channel)
    answer = await accounts.ListAccounts(ListAccountsRequest(organisation_id=here), metadata=admin.metadata)
    assert person.id in {each.id for each in answer.accounts}
    claims = jwt.decode((await refresh(service, again)).access_token, options={"verify_signature": False})
    assert claims["grants"] == {}
    assert [*claims["locale_grants"][str(AUTHOR)].values()] == [["cy"]]
    held = await rows(service, select(models.Grant.__table__))
    assert uuid.UUID(person.id) not in {each.account_id for each in held}


async def test_keys_of_translators(service: Service) -> None:
    """A key of a service that writes in one language writes in that alone, whatever its scopes. (Z9)"""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN)
    desk = Desk(service, admin)
    machine = await desk.service_account(role=Role.ROLE_READER, place=here)
    await ask(service, admin, "GrantRole", id=machine, organisation_id=here, role=PUBLISHER, locales=["cy"])
    metadata = bearer((await desk.key(machine, [READ, WRITE])).key)
    documents: Any = ContentServiceStub(service.channel)
    for locale, code in (("cy", grpc.StatusCode.FAILED_PRECONDITION), ("en", grpc.StatusCode.PERMISSION_DENIED)):
        wanted = Document(organisation_id=here, content_type="none_such", locale=locale, path="/x/a", title="A")
        refusal = await refused(documents.CreateDocument(CreateDocumentRequest(document=wanted), metadata=metadata))
        assert refusal.code is code, locale


async def test_erased_accounts_hold_nothing(service: Service) -> None:
    """With the account its roles for languages are gone."""
    here = await service.organisation()
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account(role=Role.ROLE_READER)
    await grant(service, admin, person, AUTHOR, here, "cy")
    await ask(service, admin, "EraseAccount", id=person.id)
    held = await rows(service, select(models.LocaleGrant.__table__))
    assert uuid.UUID(person.id) not in {each.account_id for each in held}


def test_what_roles_for_languages_permit() -> None:
    """Reading everywhere in the organisation, changes in the languages, and nothing else."""
    here = uuid.uuid4()
    held = permissions.held_by([], [(PUBLISHER, here, ["cy"]), (AUTHOR, here, ["fr"])])
    reading = permissions.permissions([(Role.ROLE_READER, here)])
    assert held.permissions == reading
    assert held.in_locales[WRITE] == {here: frozenset({"cy", "fr"})}
    assert held.in_locales[Permission.PERMISSION_DOCUMENTS_PUBLISH] == {here: frozenset({"cy"})}
    assert Permission.PERMISSION_FILES_WRITE not in {*held.permissions, *held.in_locales}
    assert held.within([READ]) == ({READ: frozenset({here})}, {})


def test_languages_count_for_the_token() -> None:
    """Many languages count as several grants: no token grows beyond what it may have."""
    grants = [models.LocaleGrant(role=AUTHOR, organisation_id=uuid.uuid4(), locales=["cy", "fr"]) for _ in range(89)]
    rules.check_bound(grants, AUTHOR, uuid.uuid4(), ["cy"])
    long = [f"de-{'x' * 8}-{'y' * 8}-{number:08}" for number in range(20)]
    with pytest.raises(TooManyGrants):
        rules.check_bound(grants, AUTHOR, uuid.uuid4(), long)
