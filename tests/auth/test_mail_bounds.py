"""Mails that somebody else can cause: how many of them one address gets, and what whoever caused them is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc
from sqlalchemy import func, select, update

from gazette.auth.v1 import profile_pb2
from gazette.auth.v1.account_administration_pb2 import InviteAccountRequest, InviteAccountResponse
from gazette.auth.v1.account_pb2 import Account, Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.guessing.mailing import EMAIL_CHANGES, INVITATIONS
from server.auth.models import Link, SignInAttempts
from tests.auth.administering import ask
from tests.auth.mailbox import request_reset, settled
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.service import PASSWORD, Person, Service

HOURLY, DAILY = INVITATIONS[0].most, INVITATIONS[1].most


async def invite(
    service: Service, admin: Person, email: str, *, organisation_id: str = "", key: str = ""
) -> InviteAccountResponse:
    request = InviteAccountRequest(
        account=Account(email=email, name="Ada Byron"), role=Role.ROLE_AUTHOR, organisation_id=organisation_id
    )
    metadata = (*admin.metadata, *((("idempotency-key", key),) if key else ()))
    answer: InviteAccountResponse = await AccountServiceStub(service.channel).InviteAccount(request, metadata=metadata)
    return answer


async def insist(service: Service, admin: Person, email: str) -> InviteAccountResponse:
    """Invites for as long as the database has no connection to spare."""
    while True:
        try:
            return await invite(service, admin, email)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise


async def let_an_hour_pass(service: Service, email: str) -> None:
    key = INVITATIONS[0].of(email).key
    over = update(SignInAttempts).where(SignInAttempts.key == key)
    await change(service, over.values(expire_time=func.now() - timedelta(seconds=1)))


async def links(service: Service) -> list[str]:
    """Where the links were sent: a mail whose link was replaced before it went is dropped, and was caused all the same."""
    return [link.email for link in await rows(service, select(Link.email))]


async def test_an_address_is_invited_three_times_an_hour(service: Service, email: str) -> None:
    """Of twenty-five invitations three send a mail; the others are told so, are as good, and leave the newest link (A11)."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    answers = [await invite(service, admin, email if number % 2 else email.upper()) for number in range(25)]
    assert [answer.mail_sent for answer in answers] == [True] * HOURLY + [False] * (25 - HOURLY)
    assert len({answer.account.id for answer in answers}) == 1
    assert len(await links(service)) == HOURLY
    assert await rows(service, select(func.count()).where(Link.use_time.is_(None))) == [(1,)]
    noted = [event.details["mail"] for event in await events(service, "account.invite")]
    assert noted == ["queued"] * HOURLY + ["held back"] * (25 - HOURLY)


async def test_it_is_ten_a_day(service: Service, email: str) -> None:
    """Hours that pass bring no more than ten a day."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    sent = 0
    for _ in range(5):
        answers = [await invite(service, admin, email) for _ in range(HOURLY + 1)]
        sent += sum(answer.mail_sent for answer in answers)
        await let_an_hour_pass(service, email)
    assert sent == len(await links(service)) == DAILY


async def test_many_at_once(service: Service, email: str) -> None:
    """A hundred invitations at once, by several admins, send three mails, and give one role (A11)."""
    admins = [await service.account(role=Role.ROLE_ADMIN) for _ in range(4)]
    answers = await asyncio.gather(*(insist(service, admins[number % 4], email) for number in range(100)))
    assert sum(answer.mail_sent for answer in answers) == HOURLY
    assert len(await links(service)) == HOURLY
    assert [each.role for each in answers[0].account.grants] == [Role.ROLE_AUTHOR]


async def test_another_account_is_no_other_mailbox(service: Service, email: str) -> None:
    """Who erases the account and invites the address anew sends no more mails than before."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    answers = []
    for _ in range(HOURLY + 3):
        answers.append(await invite(service, admin, email))
        await ask(service, admin, "EraseAccount", id=answers[-1].account.id)
    assert [answer.mail_sent for answer in answers] == [True] * HOURLY + [False] * 3


async def test_those_that_are_asked_for_again_count(service: Service, email: str) -> None:
    """Somebody who asks for the invited address's password is sent an invitation: within the same bound."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    await invite(service, admin, email)
    for _ in range(5):
        await request_reset(service, email)
    await settled(service)
    assert len(await links(service)) == HOURLY
    assert not (await invite(service, admin, email)).mail_sent


async def test_a_repeated_request_is_answered_the_same(service: Service, email: str) -> None:
    """Under one key the answer says of the mail what it said the first time."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    first = await invite(service, admin, email, key="once")
    assert await invite(service, admin, email, key="once") == first
    assert first.mail_sent
    for _ in range(HOURLY - 1):
        await invite(service, admin, email)
    held = await invite(service, admin, email, key="twice")
    assert not held.mail_sent
    assert await invite(service, admin, email, key="twice") == held


async def test_others_are_invited_meanwhile(service: Service, email: str) -> None:
    """Each address has its own."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    for _ in range(HOURLY + 1):
        await invite(service, admin, email)
    assert (await invite(service, admin, f"{service.unique('grace')}@example.gov")).mail_sent


async def change_email(service: Service, person: Person, email: str) -> None:
    request = profile_pb2.ChangeEmailRequest(email=email, password=PASSWORD)
    await AuthServiceStub(service.channel).ChangeEmail(request, metadata=person.metadata)


async def test_an_address_is_wanted_three_times_an_hour(service: Service, email: str) -> None:
    """Several accounts that want one address, free or taken, have it sent three mails; whoever comes later is told the same in
    both cases (A11)."""
    taken = (await service.account()).email
    people = [await service.account() for _ in range(EMAIL_CHANGES[0].most + 2)]
    for wanted in (email, taken):
        for number, person in enumerate(people):
            if number < EMAIL_CHANGES[0].most:
                await change_email(service, person, wanted if number % 2 else wanted.upper())
            else:
                refusal = await refused(change_email(service, person, wanted))
                assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_MAILS")
    kinds = [mail.kind for mail in await settled(service)]
    assert kinds.count("email-change") == kinds.count("email-taken") == EMAIL_CHANGES[0].most


async def test_a_password_is_asked_for_three_times_an_hour(service: Service) -> None:
    """Whoever asks, and however many at once, the owner gets three mails (A11)."""
    person = await service.account()
    await asyncio.gather(*(request_reset(service, person.email) for _ in range(30)))
    await settled(service)
    assert len(await links(service)) == 3
