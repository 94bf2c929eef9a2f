"""EraseAccount: what is left of a person, and what is not."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest_asyncio
import uuid6
from sqlalchemy import func, insert, select, text, update

from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.audit.models import AuditEvent
from server.auth import models
from server.auth.clock import utc_now
from server.mail.models import Mail
from server.stores.postgres import AnyRow
from tests.auth.administering import ask, invite, refresh
from tests.auth.asking import is_refused_soon
from tests.auth.mailbox import request_reset, settled
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.servers import Servers
from tests.service import PASSWORD, PASSWORD_HASH, Person, Service, running

EMAIL, NAME, AGENT, ADDRESS = "lovelace@analytical.example", "Augusta Ada King", "difference-engine/2", "198.51.100.77"
PERSONAL = (EMAIL, NAME, AGENT, ADDRESS)


@pytest_asyncio.fixture
async def behind(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server that believes this machine which address a call comes from."""
    async with running(servers, template, tmp_path, PROXY_ADDRESSES="127.0.0.1") as started:
        yield started


async def contents(service: Service) -> str:
    """All that the database holds, as its owner reads it; bytes as text, as far as they are."""
    found = []
    async with service.owner.connect() as connection:
        tables = await connection.execute(
            text("SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'")
        )
        for table in tables.scalars().all():
            for row in await connection.execute(text(f"SELECT * FROM {table}")):
                found += [each.decode(errors="ignore") if isinstance(each, bytes) else str(each) for each in row]
    return "\n".join(found)


async def sign_in(service: Service, password: str = PASSWORD) -> Person:
    """As the person does, from its own address."""
    with_agent = grpc.aio.insecure_channel(service.address, options=[("grpc.primary_user_agent", AGENT)])
    async with with_agent as channel:
        answer = await AuthServiceStub(channel).Login(
            LoginRequest(email=EMAIL, password=password), metadata=(("x-forwarded-for", ADDRESS),)
        )
    return Person(answer.account.id, EMAIL, PASSWORD, answer.access_token, answer.refresh_token)


async def stored(service: Service, account_id: str) -> AnyRow:
    (account,) = await rows(service, select(models.Account.__table__).where(models.Account.id == uuid.UUID(account_id)))
    return account


async def lived(service: Service, admin: Person) -> Person:
    """A person who was invited, signed in, was refused, renamed, mailed, and set up an authenticator app."""
    key = ("idempotency-key", "once")
    account = await invite(service, admin, EMAIL, NAME, key, role=Role.ROLE_EDITOR)
    await settled(service)
    of_person = models.Account.id == uuid.UUID(account.id)
    accepted = {"state": AccountState.ACCOUNT_STATE_ACTIVE, "password_hash": PASSWORD_HASH}
    await change(service, update(models.Account).where(of_person).values(accepted))
    first = await sign_in(service)
    assert (await refused(sign_in(service, "not-the-password"))).code is grpc.StatusCode.UNAUTHENTICATED
    await ask(service, admin, "RevokeAccountSessions", id=account.id)
    assert (await refused(refresh(service, first))).code is grpc.StatusCode.UNAUTHENTICATED
    await request_reset(service, EMAIL)
    await settled(service)
    renamed = {"account": {"id": account.id, "name": f"{NAME}, Countess"}, "update_mask": {"paths": ["name"]}}
    await ask(service, admin, "UpdateAccount", **renamed)
    person = await sign_in(service)
    enrolled = {"totp_secret": b"sealed", "totp_confirm_time": func.now(), "totp_last_step": 1}
    await change(
        service,
        update(models.Account).where(of_person).values(enrolled),
        insert(models.RecoveryCode).values(account_id=uuid.UUID(account.id), digest=b"one"),
        update(Mail).values(failure=f"550 <{EMAIL}>: no such mailbox"),
    )
    return person


async def test_nothing_personal_is_left(behind: Service) -> None:
    """In no table is the person's address, name, program or network address; the account's id and the audit's events stay."""
    admin = await behind.account("admin@example.gov", Role.ROLE_ADMIN)
    person = await lived(behind, admin)
    before = await contents(behind)
    assert [each for each in PERSONAL if each not in before] == []
    actions = await rows(behind, select(AuditEvent.__table__).order_by(AuditEvent.id))

    erased = (await ask(behind, admin, "EraseAccount", id=person.id)).account

    assert (erased.id, erased.state) == (person.id, AccountState.ACCOUNT_STATE_ERASED)
    assert (erased.email, erased.name, list(erased.grants)) == ("", "", [])
    after = await contents(behind)
    assert [each for each in PERSONAL if each.casefold() in after.casefold()] == []
    assert person.id in after
    kept = await rows(behind, select(AuditEvent.__table__).order_by(AuditEvent.id))
    assert kept[: len(actions)] == actions
    assert [row.action for row in kept[len(actions) :]] == ["account.erase"]


async def test_an_erased_account_is_out_for_good(behind: Service) -> None:
    """Its sessions, its password, its authenticator and its keys are of no use any more, and nothing brings it back."""
    admin = await behind.account(role=Role.ROLE_ADMIN)
    person = await lived(behind, admin)
    await ask(behind, admin, "EraseAccount", id=person.id)
    assert (await refused(refresh(behind, person))).reason == "INVALID_REFRESH_TOKEN"
    assert await is_refused_soon(behind.channel, person.access_token)
    assert (await refused(sign_in(behind))).reason == "INVALID_CREDENTIALS"
    account = await stored(behind, person.id)
    assert (account.password_hash, account.totp_secret, account.totp_confirm_time, account.totp_last_step) == (None,) * 4
    assert await rows(behind, select(models.RecoveryCode.digest)) == []
    assert await rows(behind, select(models.Link.id).where(models.Link.use_time.is_(None))) == []
    fields = {"account": {"id": person.id, "name": NAME}, "update_mask": {"paths": ["name"]}}
    for method, given in (
        ("EnableAccount", {"id": person.id}),
        ("DisableAccount", {"id": person.id}),
        ("GrantRole", {"id": person.id, "role": Role.ROLE_READER}),
        ("UpdateAccount", fields),
    ):
        refusal = await refused(ask(behind, admin, method, **given))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ACCOUNT_ERASED")


async def test_erasing_twice_is_no_error(service: Service, email: str) -> None:
    """The second time nothing is left to be done, or audited; the event says what the account had been, and not who."""
    here = await service.organisation()
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account(email, Role.ROLE_EDITOR, here)
    for _ in range(2):
        erased = (await ask(service, admin, "EraseAccount", id=person.id)).account
        assert erased.state == AccountState.ACCOUNT_STATE_ERASED
    (event,) = await events(service, "account.erase")
    assert (event.target, str(event.actor_id), str(event.organisation_id)) == (person.id, admin.id, here)
    assert event.details == {
        "by": "api",
        "before": {"state": "ACCOUNT_STATE_ACTIVE", "grants": [{"role": "ROLE_EDITOR", "organisation_id": here}]},
        "after": {"state": "ACCOUNT_STATE_ERASED"},
    }


async def test_the_address_is_free_again(service: Service, email: str) -> None:
    """Whoever was erased may be invited anew: as somebody else."""
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account(email)
    await ask(service, admin, "EraseAccount", id=person.id)
    assert (await invite(service, admin, email, NAME)).id != person.id


async def test_a_services_keys_end_with_it(service: Service) -> None:
    """An erased service has no key that holds."""
    admin, machine = await service.account(role=Role.ROLE_ADMIN), await service.account(role=Role.ROLE_READER)
    account_id, now = uuid.UUID(machine.id), utc_now()
    key = {"id": uuid6.uuid7(), "account_id": account_id, "name": "importer", "sha256": b"one", "scopes": [1]}
    await change(
        service,
        update(models.Account).where(models.Account.id == account_id).values(kind=AccountKind.ACCOUNT_KIND_SERVICE),
        insert(models.ApiKey).values(**key, create_time=now, expire_time=now + timedelta(days=1)),
    )
    await ask(service, admin, "EraseAccount", id=machine.id)
    assert await rows(service, select(models.ApiKey.id).where(models.ApiKey.revoke_time.is_(None))) == []


async def test_erasing_needs_a_grant_for_all(service: Service, email: str) -> None:
    """The admin of one organisation erases nobody, not even who works there alone."""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    person = await service.account(email, Role.ROLE_EDITOR, here)
    refusal = await refused(ask(service, admin, "EraseAccount", id=person.id))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    assert (await stored(service, person.id)).email == email
