"""UpdateMe, ChangeEmail, ConfirmEmail."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import select

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import password_pb2, profile_pb2, service_account_pb2
from gazette.auth.v1.account_pb2 import Account as AccountMessage
from gazette.auth.v1.account_pb2 import AccountState, Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.audit.models import AuditPersonal
from server.auth.models import Account, Link
from tests.auth.asking import get_me
from tests.auth.authenticator import set_up
from tests.auth.mailbox import arrived, newest, part, request_reset, settled, token, url
from tests.auth.stored import events, rows
from tests.auth.test_endings import Act
from tests.refusals import refused
from tests.service import PASSWORD, Person, Service


@pytest.fixture
def new(service: Service) -> str:
    """An address that nobody has yet."""
    return f"{service.unique('new')}@example.gov"


async def update_me(service: Service, person: Person, *paths: str, **changed: object) -> AccountMessage:
    request = profile_pb2.UpdateMeRequest(account=AccountMessage(**changed), update_mask=FieldMask(paths=paths))  # type: ignore[arg-type]
    answer: profile_pb2.UpdateMeResponse = await AuthServiceStub(service.channel).UpdateMe(request, metadata=person.metadata)
    return answer.account


async def change_email(
    service: Service, person: Person, email: str, password: str = PASSWORD
) -> profile_pb2.ChangeEmailResponse:
    request = profile_pb2.ChangeEmailRequest(email=email, password=password)
    return await AuthServiceStub(service.channel).ChangeEmail(request, metadata=person.metadata)


async def set_up_an_app(act: Act) -> None:
    await set_up(act.service, act.person)


async def confirm(service: Service, token: str) -> profile_pb2.ConfirmEmailResponse:
    return await AuthServiceStub(service.channel).ConfirmEmail(profile_pb2.ConfirmEmailRequest(token=token))


async def test_people_choose_their_names(service: Service, new: str) -> None:
    """UpdateMe changes the name and nothing else, and the audit keeps both names where they can be erased."""
    person = await service.account()
    account = await update_me(
        service, person, "name", name="Zoë Ångström", email=new, state=AccountState.ACCOUNT_STATE_DISABLED
    )
    assert (account.name, account.email, account.state) == ("Zoë Ångström", person.email, AccountState.ACCOUNT_STATE_ACTIVE)
    assert account == (await get_me(service.channel, person.access_token)).account
    (event,) = await events(service, "account.update")
    assert event.target == person.id
    assert "Zoë" not in str(event.details)
    (personal,) = [row.data for row in await rows(service, select(AuditPersonal.__table__)) if row.event_id == event.id]
    assert personal["after"] == "Zoë Ångström"


async def test_nothing_but_the_name_can_be_changed(service: Service, new: str) -> None:
    """Any other mask is refused, and the row stays as it is (Z3)."""
    person = await service.account(role=Role.ROLE_READER)
    before = await rows(service, select(Account.__table__))
    for mask in (
        "", "*", "status", "state", "email", "id", "grants", "grants.role", "name.first", "name kind", "Name", "password_hash",
        "totp_confirm_time",
    ):  # fmt: skip
        refusal = await refused(update_me(service, person, *mask.split(), name="Another", email=new))
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT, mask
        assert any(field.startswith("update_mask") for field in refusal.fields), mask
    assert (await refused(update_me(service, person, "", name="Another"))).code is grpc.StatusCode.INVALID_ARGUMENT
    assert await rows(service, select(Account.__table__)) == before


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "a\nb", "a\u0000b", "a\u202eb"], ids=range(6))
async def test_a_name_can_be_shown(service: Service, name: str) -> None:
    """Empty and blank names, long ones, and control characters are refused, and the row stays as it is."""
    person = await service.account()
    before = await rows(service, select(Account.__table__))
    refusal = await refused(update_me(service, person, "name", name=name))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == ["account.name"]
    assert await rows(service, select(Account.__table__)) == before


async def test_a_new_address_holds_once_it_is_confirmed(service: Service, new: str) -> None:
    """Until the link in the mail to the new address is used, the old one signs in; from then on the new one. Sessions go on."""
    person = await service.account()
    await change_email(service, person, new)
    message = await newest(service, new)
    assert url(message).startswith(f"{service.settings.public_url}/confirm-email#token=")
    await service.sign_in(person.email)
    await confirm(service, token(message))
    assert (await service.sign_in(new)).id == person.id
    assert (await refused(service.sign_in(person.email))).reason == "INVALID_CREDENTIALS"
    assert (await get_me(service.channel, person.access_token)).account.email == new


async def test_the_old_address_is_told(service: Service, new: str) -> None:
    """Whoever did not change it reads of it where it was, and not what it is now; the audit knows both, where they can be
    erased."""
    person = await service.account()
    await change_email(service, person, new)
    await confirm(service, token(await newest(service, new)))
    notice = await newest(service, person.email)
    assert "address" in str(notice["Subject"])
    assert new not in notice.as_string()
    (asked,) = await events(service, "account.email_change_request")
    (changed,) = await events(service, "account.email_change")
    assert (str(asked.actor_id), str(changed.actor_id)) == (person.id, person.id)
    assert "@" not in str((asked.details, changed.details))
    personal = {row.event_id: row.data for row in await rows(service, select(AuditPersonal.__table__))}
    assert (personal[changed.id]["before"], personal[changed.id]["after"]) == (person.email, new)


async def test_an_address_is_changed_only_with_the_password(service: Service, new: str) -> None:
    """Who has got hold of an access token cannot take the account with it."""
    person = await service.account()
    refusal = await refused(change_email(service, person, new, password="not-the-password"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "WRONG_PASSWORD")
    assert not await settled(service)


@pytest.mark.parametrize("email", ["nobody", "a@b", "a b@example.gov", "a@example.gov\nBcc: b@example.gov", "@example.gov"])
async def test_an_address_is_one(service: Service, email: str) -> None:
    """What is no address is refused before anything is sent."""
    refusal = await refused(change_email(service, await service.account(), email))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == ["email"]
    assert not await settled(service)


async def test_whose_address_it_is_does_not_show(service: Service, new: str) -> None:
    """For an address that is taken the answer is the same; its owner is told, and no link is sent."""
    person, other = await service.account(), await service.account()
    assert await change_email(service, person, other.email.upper()) == await change_email(service, person, new)
    notice = await newest(service, other.email)
    assert "token=" not in notice.as_string()
    assert person.email not in part(notice, "plain")
    assert len(arrived(service, new)) <= 1
    links = await rows(service, select(Link.email))
    assert [link.email for link in links] == [new]


async def test_nobody_is_bothered_with_mails(service: Service) -> None:
    """An account has five mails sent in an hour, to addresses of nobody or of others here: which they are does not show."""
    ada, grace = await service.account(), await service.account()
    for email in ("a@example.com", grace.email, "b@example.com", grace.email, "c@example.com"):
        await change_email(service, ada, email)
    for email in ("d@example.com", grace.email):
        refusal = await refused(change_email(service, ada, email))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_MAILS")
    assert len(await settled(service)) == 5


async def test_of_two_accounts_one_gets_an_address(service: Service, new: str) -> None:
    """Whoever confirms later finds that the address is taken, and keeps the old one; the account is as it was."""
    first, second = await service.account(), await service.account()
    await change_email(service, first, new)
    firsts = token(await newest(service, new))
    loud = new.partition("@")[0].upper() + "@example.gov"
    await change_email(service, second, loud)
    seconds = token(await newest(service, loud))
    outcomes = await asyncio.gather(confirm(service, firsts), confirm(service, seconds), return_exceptions=True)
    (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert isinstance(refusal, grpc.aio.AioRpcError)
    assert refusal.code() is grpc.StatusCode.ALREADY_EXISTS
    loser, tokens = (first, firsts) if outcomes[0] is refusal else (second, seconds)
    assert (await refused(confirm(service, tokens))).reason == "EMAIL_TAKEN"
    assert (await get_me(service.channel, loser.access_token)).account.email == loser.email
    assert len(await events(service, "account.email_change")) == 1


async def test_of_many_confirmations_one_wins(service: Service, new: str) -> None:
    """Twenty uses of one link change the address once."""
    person = await service.account()
    await change_email(service, person, new)
    link = token(await newest(service, new))
    outcomes = await asyncio.gather(*(confirm(service, link) for _ in range(20)), return_exceptions=True)
    assert len([outcome for outcome in outcomes if not isinstance(outcome, BaseException)]) == 1
    assert len([mail for mail in await settled(service) if mail.kind == "email-changed"]) == 1


async def test_links_that_were_sent_to_the_old_address_end_with_it(service: Service, new: str) -> None:
    """Who gave an address up cannot be overtaken by whoever reads it now."""
    person = await service.account()
    await request_reset(service, person.email)
    await newest(service, person.email)
    await change_email(service, person, new)
    await confirm(service, token(await newest(service, new)))
    open_links = await rows(service, select(Link.id).where(Link.use_time.is_(None)))
    assert not open_links


RESETS: list[Callable[[Act], Awaitable[None]]] = [
    Act.change_the_password,
    Act.reset_the_password,
    Act.be_disabled,
    Act.be_erased,
    Act.lose_a_role,
    Act.revoke_the_session,
    Act.revoke_all_sessions,
    Act.be_signed_out_by_an_admin,
    Act.be_robbed,
    set_up_an_app,
]


@pytest.mark.parametrize("reset", RESETS, ids=lambda reset: reset.__name__)
async def test_a_change_that_waits_ends_with_the_sessions(
    service: Service, new: str, reset: Callable[[Act], Awaitable[None]]
) -> None:
    """Whoever was let out of an account does not come back by a link that they asked for when they were in it."""
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account()
    await change_email(service, person, new)
    link = token(await newest(service, new))
    await reset(Act(service, person, admin))
    assert (await refused(confirm(service, link))).reason == "INVALID_LINK"
    assert await rows(service, select(Account.email).where(Account.email == new)) == []


async def test_a_change_that_waits_outlives_a_sign_out(service: Service, new: str) -> None:
    """Who signs out has not given up what they asked for."""
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account()
    await change_email(service, person, new)
    await Act(service, person, admin).sign_out()
    await confirm(service, token(await newest(service, new)))
    await service.sign_in(new)


async def test_an_address_can_be_written_otherwise(service: Service) -> None:
    """One's own address in other capitals is no other account's."""
    person = await service.account()
    written = person.email.partition("@")[0].title() + "@example.gov"
    await change_email(service, person, written)
    await confirm(service, token(await newest(service, written)))
    (account,) = await rows(service, select(Account.email).where(Account.id == uuid.UUID(person.id)))
    assert account.email == written


async def test_an_api_key_is_no_person(service: Service, new: str) -> None:
    """A service has neither a password nor an address to change, and its name is its admins' to choose."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    accounts = AccountServiceStub(service.channel)
    service_request = service_account_pb2.CreateServiceAccountRequest(
        account=AccountMessage(name="crawler"), role=Role.ROLE_AUTHOR
    )
    made = await accounts.CreateServiceAccount(service_request, metadata=admin.metadata)
    key_request = service_account_pb2.CreateApiKeyRequest(
        account_id=made.account.id, name="a key", scopes=[Permission.PERMISSION_DOCUMENTS_READ]
    )
    key = await accounts.CreateApiKey(key_request, metadata=admin.metadata)
    crawler = Person(made.account.id, "", PASSWORD, key.key, "")
    calls: list[Awaitable[object]] = [
        update_me(service, crawler, "name", name="Somebody"),
        change_email(service, crawler, new),
        AuthServiceStub(service.channel).ChangePassword(
            password_pb2.ChangePasswordRequest(password=PASSWORD, new_password="another-violet-lantern"),
            metadata=crawler.metadata,
        ),
    ]
    for call in calls:
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NEEDS_SESSION")
