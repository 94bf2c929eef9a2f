"""ChangePassword, RequestPasswordReset, ResetPassword."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import event, select, update
from structlog.testing import capture_logs

from gazette.auth.v1 import password_pb2, profile_pb2
from gazette.auth.v1.account_pb2 import Account as AccountMessage
from gazette.auth.v1.account_pb2 import AccountState
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.models import Account, Link, Session
from server.mail.models import Mail
from tests.auth.administering import refresh
from tests.auth.asking import get_me, is_refused_soon
from tests.auth.authenticator import set_up
from tests.auth.guessing import guess, login
from tests.auth.mailbox import arrived, mails, newest, part, request_reset, settled, token, url
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.service import PASSWORD, Person, Service

NEW = "another-violet-lantern"


async def change_password(
    service: Service, person: Person, password: str = PASSWORD, new_password: str = NEW
) -> password_pb2.ChangePasswordResponse:
    request = password_pb2.ChangePasswordRequest(password=password, new_password=new_password)
    return await AuthServiceStub(service.channel).ChangePassword(request, metadata=person.metadata)


async def reset(service: Service, token: str, new_password: str = NEW) -> password_pb2.ResetPasswordResponse:
    request = password_pb2.ResetPasswordRequest(token=token, new_password=new_password)
    return await AuthServiceStub(service.channel).ResetPassword(request)


async def reset_token(service: Service, email: str, *, count: int = 1) -> str:
    await request_reset(service, email)
    return token(await newest(service, email, count=count))


async def test_a_changed_password_is_the_one_that_holds(service: Service) -> None:
    """With the new one one signs in, with the old one no more; the owner is told, and the audit knows."""
    person = await service.account()
    await change_password(service, person)
    assert (await service.sign_in(person.email, NEW)).id == person.id
    assert (await refused(service.sign_in(person.email))).reason == "INVALID_CREDENTIALS"
    notice = await newest(service, person.email)
    assert "has been changed" in str(notice["Subject"])
    assert "If it was not" in part(notice, "plain")
    (noted,) = await events(service, "account.password_change")
    assert (str(noted.actor_id), noted.target) == (person.id, person.id)


async def test_changing_the_password_ends_all_sessions_but_the_new_one(service: Service) -> None:
    """Refresh ends at once and access soon (T5), on all devices; the one that changed it goes on with the pair it got."""
    person = await service.account()
    other = await service.sign_in(person.email)
    bystander = await service.account()
    answer = await change_password(service, person)
    for ended in (person, other):
        assert (await refused(refresh(service, ended))).reason == "INVALID_REFRESH_TOKEN"
        assert await is_refused_soon(service.channel, ended.access_token)
    fresh = Person(person.id, person.email, NEW, answer.access_token, answer.refresh_token)
    assert (await get_me(service.channel, fresh.access_token)).account.id == person.id
    assert (await refresh(service, fresh)).access_token
    assert answer.access_token_expire_time.ToSeconds() < answer.refresh_token_expire_time.ToSeconds()
    assert (await get_me(service.channel, bystander.access_token)).account.id == bystander.id
    ended_sessions = [row for row in await rows(service, select(Session.__table__)) if row.revoke_reason]
    assert [row.revoke_reason for row in ended_sessions] == ["password-change"] * 2


async def test_a_password_is_changed_only_with_the_one_before(service: Service) -> None:
    """Who found a device unlocked cannot take the account over, and cannot guess for long."""
    person = await service.account()
    for _ in range(5):
        refusal = await refused(change_password(service, person, "not-the-password"))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "WRONG_PASSWORD")
        assert list(refusal.fields) == ["password"]
    assert (await refused(change_password(service, person))).reason == "TOO_MANY_SIGN_INS"
    assert (await get_me(service.channel, person.access_token)).account.id == person.id
    assert not await events(service, "account.password_change")
    assert (await service.sign_in(person.email)).id == person.id


@pytest.mark.parametrize("password", ["too short", "x" * 129, "{who}-{who}", "EXAMPLE-of-a-password"])
async def test_a_weak_password_changes_nothing(service: Service, password: str) -> None:
    """Neither one that is too short or too long, nor one with a word of the account's own."""
    person = await service.account()
    password = password.format(who=person.email.partition("@")[0])
    link = await reset_token(service, person.email)
    for call in (change_password(service, person, new_password=password), reset(service, link, password)):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "WEAK_PASSWORD")
        assert list(refusal.fields) == ["new_password"]
    assert (await get_me(service.channel, person.access_token)).account.id == person.id
    await reset(service, link)


async def test_of_many_changes_at_once_one_wins(service: Service) -> None:
    """Ten devices that change the password at once leave one password and one session."""
    person = await service.account()
    await change(service, update(Account).values(name="Somebody"))
    outcomes = await asyncio.gather(
        *(change_password(service, person, new_password=f"{NEW}-{number}") for number in range(5)), return_exceptions=True
    )
    (winner,) = [number for number, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
    assert (await service.sign_in(person.email, f"{NEW}-{winner}")).id == person.id
    assert len([row for row in await rows(service, select(Session.__table__)) if row.revoke_time is None]) == 2


async def test_a_forgotten_password_is_set_anew(service: Service) -> None:
    """The link in the mail sets another password, however the address was capitalised, and ends all sessions."""
    person = await service.account()
    await request_reset(service, person.email.upper())
    message = await newest(service, person.email)
    assert url(message).startswith(f"{service.settings.public_url}/reset-password#token=")
    await reset(service, token(message))
    assert (await refused(refresh(service, person))).reason == "INVALID_REFRESH_TOKEN"
    assert await is_refused_soon(service.channel, person.access_token)
    assert (await service.sign_in(person.email, NEW)).id == person.id
    assert (await refused(service.sign_in(person.email))).reason == "INVALID_CREDENTIALS"
    assert "has been changed" in str((await newest(service, person.email, count=2))["Subject"])
    (asked,) = await events(service, "account.password_reset_request")
    assert (asked.target, asked.actor_id, asked.details["mail"]) == (person.id, None, "password-reset")
    (done,) = await events(service, "account.password_reset")
    assert (str(done.actor_id), done.target) == (person.id, person.id)


async def test_of_many_uses_of_a_link_one_wins(service: Service) -> None:
    """Twenty at once set one password."""
    person = await service.account()
    link = await reset_token(service, person.email)
    outcomes = await asyncio.gather(*(reset(service, link, f"{NEW}-{number}") for number in range(20)), return_exceptions=True)
    (winner,) = [number for number, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
    assert (await service.sign_in(person.email, f"{NEW}-{winner}")).id == person.id
    assert len(await events(service, "account.password_reset")) == 1


async def test_an_authenticator_app_outlives_a_reset(service: Service) -> None:
    """Who has got hold of a mailbox has not got hold of the phone."""
    app = await set_up(service, await service.account())
    email = app.person.email
    await reset(service, await reset_token(service, email, count=2))
    assert (await refused(service.sign_in(email, NEW))).reason == "TOTP_REQUIRED"


@contextmanager
def statements(service: Service) -> Iterator[list[str]]:
    """The SQL that the service's connections see meanwhile."""
    seen: list[str] = []
    engine = service.database.primary.sync_engine

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_a_request_does_not_tell_who_has_an_account(own_service: Service) -> None:
    """Whatever the address, the answer is the same, and so is all that the own_service does before it answers."""
    person, disabled = await own_service.account(), await own_service.account()
    await change(
        own_service,
        update(Account).where(Account.email == disabled.email).values(state=AccountState.ACCOUNT_STATE_DISABLED),
    )
    for job in own_service.app.jobs:
        await job.stop()
    done = []
    for email in (person.email, "nobody@example.gov", disabled.email, "not an address"):
        with statements(own_service) as seen:
            done.append((await request_reset(own_service, email), seen))
    assert all(each == done[0] for each in done)
    assert done[0][1]


async def test_who_has_no_account_gets_no_mail(service: Service) -> None:
    """Nothing is sent to unknown and disabled accounts, and nothing is kept of what they asked."""
    disabled = await service.account()
    await change(service, update(Account).values(state=AccountState.ACCOUNT_STATE_DISABLED))
    for email in (disabled.email, "nobody@example.gov", "' OR 1=1 --"):
        await request_reset(service, email)
    lines = await refused(request_reset(service, "ada@example.gov\r\nBcc: all@example.gov"))
    assert [*lines.fields] == ["email"]
    assert not await settled(service)
    assert not await rows(service, select(Link.id))
    assert not await events(service, "account.password_reset_request")


async def test_nobody_can_be_flooded_with_mails(service: Service) -> None:
    """An account gets three links an hour, however often somebody asks; the newest holds. An hour later there are more."""
    person = await service.account()
    for _ in range(6):
        await request_reset(service, person.email)
    assert len(await settled(service)) == 3
    sent = len(arrived(service, person.email))  # those that were not replaced before their turn came
    assert 1 <= sent <= 3
    await change(service, update(Link).values(create_time=Link.create_time - timedelta(minutes=61)))
    await reset(service, await reset_token(service, person.email, count=sent + 1))


async def test_only_the_newest_link_holds(service: Service) -> None:
    """A new mail's link replaces the one before."""
    person = await service.account()
    older = await reset_token(service, person.email)
    newer = await reset_token(service, person.email, count=2)
    assert (await refused(reset(service, older))).reason == "INVALID_LINK"
    await reset(service, newer)


async def test_a_changed_password_ends_what_was_sent_before(service: Service) -> None:
    """Links to reset it, and to an address that a thief of the account may have given, hold no longer."""
    person = await service.account()
    link = await reset_token(service, person.email)
    change_email = profile_pb2.ChangeEmailRequest(email="thief@example.com", password=PASSWORD)
    await AuthServiceStub(service.channel).ChangeEmail(change_email, metadata=person.metadata)
    thiefs = token(await newest(service, "thief@example.com"))
    await change_password(service, person)
    assert (await refused(reset(service, link))).reason == "INVALID_LINK"
    confirm = AuthServiceStub(service.channel).ConfirmEmail(profile_pb2.ConfirmEmailRequest(token=thiefs))
    assert (await refused(confirm)).reason == "INVALID_LINK"


async def test_a_reset_forgives_wrong_guesses(service: Service) -> None:
    """Who has tried all passwords that came to mind, and then set a new one, need not wait to use it."""
    person = await service.account()
    for _ in range(5):
        assert (await guess(service, person.email, address="198.51.100.1")).reason == "INVALID_CREDENTIALS"
    assert (await refused(login(service, person.email, address="198.51.100.1"))).reason == "INVALID_CREDENTIALS"
    await reset(service, await reset_token(service, person.email))
    assert (await login(service, person.email, address="198.51.100.1", password=NEW)).account.id == person.id


async def test_neither_passwords_nor_tokens_are_left_behind(service: Service) -> None:
    """Logs, mails in the database and the audit know of a change, but not what would let anybody in."""
    with capture_logs() as logs:
        person = await service.sign_in((await service.account()).email)
        link = await reset_token(service, person.email)
        await reset(service, link)
        await change_password(service, await service.sign_in(person.email, NEW), NEW, PASSWORD)
        await mails(service, person.email, count=3)
    stored = [
        json.dumps([list(map(str, row)) for row in await rows(service, select(table))])
        for table in (Mail.__table__, Link.__table__)
    ]
    noted = [
        json.dumps(each.details)
        for action in ("password_change", "password_reset", "password_reset_request")
        for each in await events(service, f"account.{action}")
    ]
    assert len(noted) == 3
    for place in (json.dumps(logs, default=str), *stored, *noted):
        for secret in (link, NEW, PASSWORD, person.access_token, person.refresh_token):
            assert secret not in place


@pytest.mark.parametrize("method", ["ChangePassword", "ChangeEmail", "UpdateMe"])
async def test_who_is_not_signed_in_changes_nothing(service: Service, method: str) -> None:
    """One's own account is changed by whoever signed in to it."""
    kinds = {
        "ChangePassword": password_pb2.ChangePasswordRequest(password=PASSWORD, new_password=NEW),
        "ChangeEmail": profile_pb2.ChangeEmailRequest(email="new@example.gov", password=PASSWORD),
        "UpdateMe": profile_pb2.UpdateMeRequest(account=AccountMessage(name="X"), update_mask=FieldMask(paths=["name"])),
    }
    refusal = await refused(getattr(AuthServiceStub(service.channel), method)(kinds[method]))
    assert refusal.code is grpc.StatusCode.UNAUTHENTICATED
