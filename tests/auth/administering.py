"""Looking after accounts, as an admin does, through AccountService."""

from __future__ import annotations

import uuid
from typing import Any

import uuid6
from sqlalchemy import insert

from gazette.auth.v1 import account_administration_pb2, account_service_pb2
from gazette.auth.v1.account_pb2 import Account, Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2 import RefreshTokenRequest, RefreshTokenResponse
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth import models
from tests.auth.stored import change
from tests.service import Person, Service

BY_ID = ("GetAccount", "DisableAccount", "EnableAccount", "EraseAccount", "RevokeAccountSessions", "DisableAccountTotp")
"""The methods that ask for nothing but an account's id."""


async def ask(service: Service, caller: Person, method: str, *metadata: tuple[str, str], **fields: Any) -> Any:
    """What AccountService's method answers to a request with these fields."""
    module = account_service_pb2 if hasattr(account_service_pb2, f"{method}Request") else account_administration_pb2
    request = getattr(module, f"{method}Request")(**fields)
    return await getattr(AccountServiceStub(service.channel), method)(request, metadata=(*caller.metadata, *metadata))


async def ask_about(service: Service, caller: Person, method: str, account_id: str, *metadata: tuple[str, str]) -> Any:
    """The same, of any method that names an account, with whatever else it needs."""
    if method == "UpdateAccount":
        fields: dict[str, Any] = {"account": Account(id=account_id, name="Another Name"), "update_mask": {"paths": ["name"]}}
    elif method in BY_ID:
        fields = {"id": account_id}
    else:
        fields = {"id": account_id, "role": Role.ROLE_READER, "organisation_id": await held_by(service, caller)}
    return await ask(service, caller, method, *metadata, **fields)


async def held_by(service: Service, caller: Person) -> str:
    """The organisation of the caller's own first role; empty for all."""
    answer: Account = (await ask(service, caller, "GetAccount", id=caller.id)).account
    return answer.grants[0].organisation_id


async def invite(
    service: Service,
    caller: Person,
    email: str | None = None,
    name: str = "Ada Byron",
    *metadata: tuple[str, str],
    role: Role.ValueType = Role.ROLE_AUTHOR,
    organisation_id: str = "",
) -> Account:
    """Without an address of one's choice, to one that nobody else has."""
    email = f"{service.unique('ada')}@example.gov" if email is None else email
    fields = {"account": Account(email=email, name=name), "role": role, "organisation_id": organisation_id}
    account: Account = (await ask(service, caller, "InviteAccount", *metadata, **fields)).account
    return account


async def give(service: Service, account_id: str, role: Role.ValueType, organisation_id: str = "") -> None:
    """Another role, behind the service's back."""
    place = uuid.UUID(organisation_id) if organisation_id else None
    grant = {"id": uuid6.uuid7(), "account_id": uuid.UUID(account_id), "role": role, "organisation_id": place}
    await change(service, insert(models.Grant).values(grant))


async def refresh(service: Service, person: Person) -> RefreshTokenResponse:
    return await AuthServiceStub(service.channel).RefreshToken(RefreshTokenRequest(refresh_token=person.refresh_token))
