"""AcceptInvitation, and the mail before it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc
import pytest
from sqlalchemy import select, update

from gazette.auth.v1 import password_pb2
from gazette.auth.v1.account_pb2 import Account as AccountMessage
from gazette.auth.v1.account_pb2 import AccountState, Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.models import Account, Link, Session
from tests.auth.administering import ask, invite
from tests.auth.mailbox import newest, part, request_reset, settled, token, url
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.service import PASSWORD, Service


async def accept(service: Service, token: str, password: str = PASSWORD, name: str = "") -> AccountMessage:
    request = password_pb2.AcceptInvitationRequest(token=token, password=password, name=name)
    answer: password_pb2.AcceptInvitationResponse = await AuthServiceStub(service.channel).AcceptInvitation(request)
    return answer.account


async def invited(service: Service, email: str, name: str = "Ada Byron") -> str:
    """The token that somebody was sent."""
    await invite(service, await service.account(role=Role.ROLE_ADMIN), email, name)
    return token(await newest(service, email))


async def test_who_accepts_can_sign_in(service: Service, email: str) -> None:
    """The link in the mail sets the first password and a name of one's own, and from then on both work."""
    link = await invited(service, email)
    assert (await refused(service.sign_in(email))).reason == "INVALID_CREDENTIALS"
    account = await accept(service, link, name="Ada Lovelace")
    assert (account.state, account.name, account.email) == (AccountState.ACCOUNT_STATE_ACTIVE, "Ada Lovelace", email)
    assert [grant.role for grant in account.grants] == [Role.ROLE_AUTHOR]
    assert (await service.sign_in(email)).id == account.id
    (event,) = await events(service, "account.accept")
    assert (str(event.actor_id), event.target) == (account.id, account.id)
    assert event.details["after"] == {"state": "ACCOUNT_STATE_ACTIVE"}
    assert email not in str(event.details)


async def test_accepting_does_not_sign_in(service: Service, email: str) -> None:
    """A session begins with the password that was just chosen, and not before."""
    account = await accept(service, await invited(service, email))
    assert not [row for row in await rows(service, select(Session.__table__)) if str(row.account_id) == account.id]


async def test_without_a_name_the_one_of_the_invitation_stays(service: Service, email: str) -> None:
    """Who is called what the invitation says need not say it again."""
    assert (await accept(service, await invited(service, email))).name == "Ada Byron"


async def test_the_mail_says_who_invites_to_what_and_until_when(service: Service, email: str) -> None:
    """In both of its parts, and with the link in full in both."""
    organisation_id = await service.organisation(service.unique("ministry-of-engines"))
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=organisation_id)
    await invite(service, admin, email, organisation_id=organisation_id)
    message = await newest(service, email)
    (link,) = await rows(service, select(Link.__table__))
    assert link.expire_time - link.create_time == timedelta(days=7)
    until = f"{link.expire_time:%A} {link.expire_time.day} {link.expire_time:%B %Y, %H:%M} UTC"
    for kind in ("plain", "html"):
        text = " ".join(part(message, kind).split())
        for told in (
            "Ada Byron",
            admin.email.partition("@")[0],
            "Ministry Of Engines",
            until,
            "ignore this mail",
            url(message),
        ):
            assert told in text
    assert url(message).startswith(f"{service.settings.public_url}/accept-invitation#token=")
    assert "token=" not in str(message["Subject"])


@pytest.mark.parametrize(
    "name", ['<script>alert("1")</script>', "<a href=//evil.example>Click</a>", "https://evil.example/x now"]
)
async def test_a_name_cannot_speak_in_our_name(service: Service, name: str, email: str) -> None:
    """What somebody is called by an inviter is neither markup nor a link in the mail."""
    await invite(service, await service.account(role=Role.ROLE_ADMIN), email, name)
    message = await newest(service, email)
    html = part(message, "html")
    assert "<script" not in html
    assert html.count("<a ") == 2
    for text in (html, part(message, "plain")):
        assert "evil.example" not in text
        assert "https://" not in text  # ours is http:// in the tests


@pytest.mark.parametrize(
    "password", ["too short", "x" * 129, "my-name-is-lovelace", "byron-invites-me", "at-the-example-office"]
)
async def test_a_weak_password_leaves_the_link_as_it_is(service: Service, password: str, email: str) -> None:
    """Whoever chose one of the account's own words chooses again, with the same link."""
    link = await invited(service, email)
    refusal = await refused(accept(service, link, password, name="Ada Lovelace"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "WEAK_PASSWORD")
    assert list(refusal.fields) == ["password"]
    assert (await accept(service, link)).state == AccountState.ACCOUNT_STATE_ACTIVE


@pytest.mark.parametrize(
    "password",
    [
        "Password2026!",
        "letmein-2026",
        "password password",
        "111222333444",
        "1q2w3e4r5t6y7u",
        "ﷺ",
        "ｇazette-demo-only",
        "Gazette-2026!!",
    ],
)
async def test_what_is_guessed_first_is_refused(service: Service, password: str, email: str) -> None:
    """The refusal says what is wrong and how to mend it, and the link stays for an honest password, in any language (A8)."""
    link = await invited(service, email)
    refusal = await refused(accept(service, link, password))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "WEAK_PASSWORD")
    (said,) = refusal.fields.values()
    assert "; take " in said or said == "has not between 12 and 128 characters"
    await accept(service, link, "Gŵr ifanc o’r môr")
    assert (await service.sign_in(email, "Gŵr ifanc o’r môr")).access_token


async def test_judging_a_password_keeps_nobody_waiting(service: Service, email: str) -> None:
    """One that is made so that judging it takes long is judged beside what others ask for (C9)."""
    link = await invited(service, email)
    person = await service.account()
    hostile = asyncio.ensure_future(accept(service, link, ("4@8({[<3691!|0$5+7%2" * 7)[:128]))
    readers = 0
    while not hostile.done():
        await AuthServiceStub(service.channel).GetMe(GetMeRequest(), metadata=person.metadata)
        readers += 1
    assert readers > 3
    await asyncio.wait([hostile])


async def test_an_organisations_name_is_no_password(service: Service, email: str) -> None:
    """What everybody knows of where somebody works is the first that is guessed."""
    organisation_id = await service.organisation(service.unique("ministry-of-engines"))
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=organisation_id)
    await invite(service, admin, email, organisation_id=organisation_id)
    refusal = await refused(accept(service, token(await newest(service, email)), "steam-engines-1843"))
    assert refusal.reason == "WEAK_PASSWORD"


@pytest.mark.parametrize("name", ["   ", "Ada\tByron", "Ada\u202eByron"])
async def test_a_name_is_one_that_can_be_shown(service: Service, name: str, email: str) -> None:
    """Blank names and control characters are refused, and the link stays."""
    link = await invited(service, email)
    refusal = await refused(accept(service, link, name=name))
    assert list(refusal.fields) == ["name"]
    await accept(service, link)


async def test_a_new_invitation_replaces_the_one_before(service: Service, email: str) -> None:
    """Of two mails only the newer one's link holds."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    await invite(service, admin, email)
    older = await newest(service, email)  # before the next one: a mail whose link was replaced is not sent any more
    await invite(service, admin, email)
    newer = await newest(service, email, count=2)
    assert (await refused(accept(service, token(older)))).reason == "INVALID_LINK"
    await accept(service, token(newer))


async def test_who_lost_the_invitation_is_sent_another(service: Service, email: str) -> None:
    """Asking for another password, which there is none of yet, brings the invitation again."""
    older = await invited(service, email)
    await request_reset(service, email.upper())
    message = await newest(service, email, count=2)
    assert url(message).startswith(f"{service.settings.public_url}/accept-invitation#")
    assert (await refused(accept(service, older))).reason == "INVALID_LINK"
    await accept(service, token(message))


async def test_of_many_at_once_one_accepts(service: Service, email: str) -> None:
    """Twenty uses of one link set one password."""
    link = await invited(service, email)
    passwords = [f"{PASSWORD}-{number}" for number in range(20)]
    answers = await asyncio.gather(*(accept(service, link, password) for password in passwords), return_exceptions=True)
    (winner,) = [number for number, answer in enumerate(answers) if isinstance(answer, AccountMessage)]
    await service.sign_in(email, passwords[winner])
    assert len(await events(service, "account.accept")) == 1


@pytest.mark.parametrize("method", ["DisableAccount", "EraseAccount"])
async def test_an_invitation_ends_with_its_account(service: Service, method: str, email: str) -> None:
    """Who is not wanted any more cannot come in by an older mail."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    account = await invite(service, admin, email)
    link = token(await newest(service, email))
    await ask(service, admin, method, id=account.id)
    assert (await refused(accept(service, link))).reason == "INVALID_LINK"


async def test_a_link_that_no_longer_holds_is_not_mailed(own_service: Service, email: str) -> None:
    """A mail that waited too long, or whose account is gone, is dropped."""
    mailing = next(job for job in own_service.app.jobs if job.name == "mail")
    await mailing.stop()
    await invite(own_service, await own_service.account(role=Role.ROLE_ADMIN), email)
    await change(own_service, update(Account).where(Account.email == email).values(state=AccountState.ACCOUNT_STATE_DISABLED))
    mailing.start()
    (mail,) = await settled(own_service)
    assert (mail.send_time, mail.drop_time is None) == (None, False)
