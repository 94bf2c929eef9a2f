"""AccountService: who sees and changes whose account, and what becomes of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from contextlib import suppress

import grpc
import pytest
from sqlalchemy import func, insert, select, update

from gazette.auth.v1.account_pb2 import Account, AccountKind, AccountState, Role
from server.auth import models
from server.auth.passwords.hashing import Passwords
from tests.auth.administering import BY_ID, ask, ask_about, give, refresh
from tests.auth.asking import get_me, is_refused_soon
from tests.auth.guessing import counted
from tests.auth.stored import change, events, rows
from tests.polling import until_so
from tests.refusals import Refusal, refused
from tests.service import Person, Service

ABOUT_ONE = (*BY_ID, "UpdateAccount", "GrantRole", "RevokeRole")
"""The methods that name an account."""
CHANGES = ("UpdateAccount", "DisableAccount", "EnableAccount", "RevokeAccountSessions", "DisableAccountTotp")
"""Those that need a permission wherever the account has a role."""
REQUEST_ID = ("x-request-id", "the-same-for-all")
ADMIN = Role.ROLE_ADMIN
LOWER = (Role.ROLE_READER, Role.ROLE_AUTHOR, Role.ROLE_EDITOR, Role.ROLE_PUBLISHER)


def status(refusal: Refusal) -> bytes:
    return refusal.status.SerializeToString(deterministic=True)


def ids(accounts: Iterable[Account]) -> list[str]:
    return [account.id for account in accounts]


async def disable(service: Service, caller: Person, person: Person) -> Account:
    account: Account = (await ask(service, caller, "DisableAccount", id=person.id)).account
    return account


async def set_state(service: Service, person: Person, state: AccountState.ValueType) -> None:
    await change(service, update(models.Account).where(models.Account.id == uuid.UUID(person.id)).values(state=state))


@pytest.mark.parametrize("method", ABOUT_ONE)
async def test_another_organisations_account_is_as_absent(service: Service, method: str) -> None:
    """The admin of one organisation cannot tell an account of another from one that there is not (Z2). Erasing, which is
    not for the admin of one, is refused whatever the id."""
    here, there = await service.organisation(), await service.organisation()
    admin = await service.account(role=ADMIN, organisation_id=here)
    others = [
        await service.account(role=Role.ROLE_EDITOR, organisation_id=there),
        await service.account(role=ADMIN),
        await service.account(role=Role.ROLE_UNSPECIFIED),
    ]
    names = [str(uuid.uuid4()), *(other.id for other in others)]
    refusals = [await refused(ask_about(service, admin, method, name, REQUEST_ID)) for name in names]
    assert refusals[0].reason == ("PERMISSION_DENIED" if method == "EraseAccount" else "ACCOUNT_NOT_FOUND")
    assert len({status(refusal) for refusal in refusals}) == 1


@pytest.mark.parametrize("method", CHANGES)
async def test_who_works_elsewhere_too_is_not_changed_from_here(service: Service, method: str) -> None:
    """An account with a role in another organisation, or in all, is seen by the admin of one, and left alone."""
    here, there = await service.organisation(), await service.organisation()
    admin = await service.account(role=ADMIN, organisation_id=here)
    for elsewhere in (there, ""):
        person = await service.account(role=Role.ROLE_EDITOR, organisation_id=here)
        await give(service, person.id, Role.ROLE_READER, elsewhere)
        refusal = await refused(ask_about(service, admin, method, person.id))
        assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
        assert refusal.info.metadata["permission"] == "PERMISSION_ACCOUNTS_WRITE"
        assert (await get_me(service.channel, person.access_token)).account.state == AccountState.ACCOUNT_STATE_ACTIVE


@pytest.mark.parametrize("role", LOWER, ids=Role.Name)
async def test_only_admins_look_after_accounts(service: Service, role: Role.ValueType) -> None:
    """A lower role sees and changes nobody's account by AccountService, its own neither."""
    person = await service.account(role=role)
    for method in ("InviteAccount", "ListAccounts", *ABOUT_ONE):
        refusal = await refused(ask(service, person, method))
        assert refusal.code is grpc.StatusCode.PERMISSION_DENIED, method
        assert refusal.info.metadata["permission"].startswith("PERMISSION_ACCOUNTS_"), method


async def test_accounts_are_not_public(service: Service) -> None:
    """Who is not signed in is not answered."""
    nobody = Person("", "", "", "", "")
    for method in ("InviteAccount", "ListAccounts", *ABOUT_ONE):
        assert (await refused(ask(service, nobody, method))).code is grpc.StatusCode.UNAUTHENTICATED, method


async def test_an_admin_sees_what_concerns_the_organisation(service: Service, email: str) -> None:
    """Of a person's roles the admin of one organisation sees those there and those in all; who sees all sees all."""
    here, there = await service.organisation(), await service.organisation()
    admin, central = await service.account(role=ADMIN, organisation_id=here), await service.account(role=ADMIN)
    person = await service.account(email, Role.ROLE_EDITOR, here)
    await give(service, person.id, Role.ROLE_PUBLISHER, there)
    await give(service, person.id, Role.ROLE_READER)
    account = (await ask(service, admin, "GetAccount", id=person.id)).account
    assert [(each.role, each.organisation_id) for each in account.grants] == [
        (Role.ROLE_EDITOR, here),
        (Role.ROLE_READER, ""),
    ]
    assert (account.email, account.kind) == (email, AccountKind.ACCOUNT_KIND_PERSON)
    assert account.create_time.ToSeconds() > 0
    assert len((await ask(service, central, "GetAccount", id=person.id)).account.grants) == 3


async def test_a_name_is_changed(service: Service, email: str) -> None:
    """An admin may correct a name; the audit has both names beside the event, and not in it."""
    here = await service.organisation()
    admin = await service.account(role=ADMIN, organisation_id=here)
    person = await service.account(email, Role.ROLE_EDITOR, here)
    fields = {"account": Account(id=person.id, name="Ada Lovelace"), "update_mask": {"paths": ["name"]}}
    for _ in range(2):
        assert (await ask(service, admin, "UpdateAccount", **fields)).account.name == "Ada Lovelace"
    (event,) = await events(service, "account.update")
    assert (event.target, str(event.actor_id), str(event.organisation_id)) == (person.id, admin.id, here)
    assert (event.details, event.personal["before"], event.personal["after"]) == (
        {"by": "api"},
        email.partition("@")[0],
        "Ada Lovelace",
    )


@pytest.mark.parametrize(
    "paths", [[], ["*"], ["state"], ["email"], ["grants"], ["name", "kind"], ["name.first"], ["author_id"]]
)
async def test_nothing_but_the_name_is_changed(service: Service, paths: list[str]) -> None:
    """A mask that names anything else is refused, and the account is as it was (Z3)."""
    admin, person = await service.account(role=ADMIN), await service.account()
    before = await rows(service, select(models.Account.__table__))
    account = Account(id=person.id, name="Other", email="other@example.gov", state=AccountState.ACCOUNT_STATE_DISABLED)
    refusal = await refused(ask(service, admin, "UpdateAccount", account=account, update_mask={"paths": paths}))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_UPDATE_MASK")
    assert await rows(service, select(models.Account.__table__)) == before


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "Ada\nByron"], ids=["none", "space", "long", "two lines"])
async def test_a_name_is_one_line_of_text(service: Service, name: str) -> None:
    """What is no name is refused by its field."""
    admin, person = await service.account(role=ADMIN), await service.account()
    fields = {"account": Account(id=person.id, name=name), "update_mask": {"paths": ["name"]}}
    assert list((await refused(ask(service, admin, "UpdateAccount", **fields))).fields) == ["account.name"]


@pytest.mark.parametrize("name", ["", "ada", "0"])
async def test_an_account_is_named_by_its_id(service: Service, name: str) -> None:
    """What is no id is refused by its field, and not looked for."""
    admin = await service.account(role=ADMIN)
    for method in (*BY_ID, "GrantRole", "RevokeRole"):
        role = {"role": Role.ROLE_READER} if method not in BY_ID else {}
        assert list((await refused(ask(service, admin, method, id=name, **role))).fields) == ["id"]
    fields = {"account": Account(id=name, name="Ada"), "update_mask": {"paths": ["name"]}}
    assert list((await refused(ask(service, admin, "UpdateAccount", **fields))).fields) == ["account.id"]


async def test_a_disabled_account_is_out(service: Service) -> None:
    """Its sessions end at once, in refreshing and, within five seconds, in access; it cannot sign in again (T5)."""
    here = await service.organisation()
    admin = await service.account(role=ADMIN, organisation_id=here)
    person = await service.account(role=Role.ROLE_EDITOR, organisation_id=here)
    await get_me(service.channel, person.access_token)
    for _ in range(2):
        assert (await disable(service, admin, person)).state == AccountState.ACCOUNT_STATE_DISABLED
    assert (await refused(refresh(service, person))).reason == "INVALID_REFRESH_TOKEN"
    assert await is_refused_soon(service.channel, person.access_token)
    assert (await refused(service.sign_in(person.email))).reason == "INVALID_CREDENTIALS"
    (event,) = await events(service, "account.disable")
    assert (event.target, str(event.actor_id), str(event.organisation_id)) == (person.id, admin.id, here)
    states = ({"state": f"ACCOUNT_STATE_{name}"} for name in ("ACTIVE", "DISABLED"))
    assert event.details == {"by": "api", **dict(zip(("before", "after"), states, strict=True))}


async def test_an_enabled_account_signs_in_again(service: Service) -> None:
    """With the password that it had, and in new sessions: the old ones stay ended."""
    admin, person = await service.account(role=ADMIN), await service.account()
    await disable(service, admin, person)
    for _ in range(2):
        account = (await ask(service, admin, "EnableAccount", id=person.id)).account
        assert account.state == AccountState.ACCOUNT_STATE_ACTIVE
    assert (await service.sign_in(person.email)).id == person.id
    assert (await refused(refresh(service, person))).reason == "INVALID_REFRESH_TOKEN"
    assert len(await events(service, "account.enable")) == 1


async def test_who_never_accepted_is_invited_again_by_enabling(service: Service) -> None:
    """A person without a password is not made active; a service, which never has one, is."""
    admin, person, machine = [await service.account(role=role) for role in (ADMIN, Role.ROLE_READER, Role.ROLE_READER)]
    disabled = {"password_hash": None, "state": AccountState.ACCOUNT_STATE_DISABLED}
    await change(
        service,
        update(models.Account).where(models.Account.id != uuid.UUID(admin.id)).values(disabled),
        update(models.Account)
        .where(models.Account.id == uuid.UUID(machine.id))
        .values(kind=AccountKind.ACCOUNT_KIND_SERVICE, email=None),
    )
    states = [(await ask(service, admin, "EnableAccount", id=each.id)).account.state for each in (person, machine)]
    assert states == [AccountState.ACCOUNT_STATE_INVITED, AccountState.ACCOUNT_STATE_ACTIVE]


async def test_a_sign_in_under_way_leaves_no_session(service: Service) -> None:
    """However sign-ins and the disabling fall together, no session outlives it."""
    admin, person = await service.account(role=ADMIN), await service.account()

    async def sign_in() -> None:
        with suppress(grpc.aio.AioRpcError):
            await service.sign_in(person.email)

    async def disable_amid(hashes: list[str]) -> None:
        await until_so(lambda: hashes)  # the first of them has come so far
        await disable(service, admin, person)

    with counted(service.app.means(Passwords)) as hashes:
        await asyncio.gather(*(sign_in() for _ in range(8)), disable_amid(hashes))
    living = select(models.Session.id).where(
        models.Session.account_id == uuid.UUID(person.id), models.Session.revoke_time.is_(None)
    )
    assert await rows(service, living) == []


@pytest.mark.parametrize("method", ["DisableAccount", "EraseAccount", "DisableAccountTotp"])
async def test_nobody_does_it_to_themselves(service: Service, method: str) -> None:
    """No admin locks itself out, nor takes off its own second factor without giving the password."""
    admin, _ = await service.account(role=ADMIN), await service.account(role=ADMIN)
    refusal = await refused(ask(service, admin, method, id=admin.id))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "OWN_ACCOUNT")
    assert (await service.sign_in(admin.email)).id == admin.id


@pytest.mark.parametrize("method", ["DisableAccount", "EraseAccount"])
async def test_an_admin_is_left(own_service: Service, method: str) -> None:
    """The last person who is an admin of all organisations and can sign in stays, though a token says that the caller were one
    too, and though a own_service, an invited person and the admin of one organisation are."""
    caller, last, machine, invited = [await own_service.account(role=ADMIN) for _ in range(4)]
    await own_service.account(role=ADMIN, organisation_id=await own_service.organisation())
    machine_kind = {"kind": AccountKind.ACCOUNT_KIND_SERVICE, "email": None, "password_hash": None}
    await change(own_service, update(models.Account).where(models.Account.id == uuid.UUID(machine.id)).values(machine_kind))
    await set_state(own_service, invited, AccountState.ACCOUNT_STATE_INVITED)
    await set_state(own_service, caller, AccountState.ACCOUNT_STATE_DISABLED)
    refusal = await refused(ask(own_service, caller, method, id=last.id))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "LAST_ADMIN")
    assert (await get_me(own_service.channel, last.access_token)).account.state == AccountState.ACCOUNT_STATE_ACTIVE


async def test_admins_who_disable_each_other(own_service: Service) -> None:
    """However many do so at once, in a circle: one is left."""
    admins = [await own_service.account(role=ADMIN) for _ in range(6)]
    calls = [disable(own_service, admins[place], admins[place - 1]) for place in range(len(admins))]
    await asyncio.gather(*calls, return_exceptions=True)
    active = select(models.Account.id).where(models.Account.state == AccountState.ACCOUNT_STATE_ACTIVE)
    assert len(await rows(own_service, active)) == 1


async def test_all_sessions_of_an_account_are_ended(service: Service) -> None:
    """An admin ends them, and learns how many there were; the account itself stays as it is."""
    here = await service.organisation()
    admin = await service.account(role=ADMIN, organisation_id=here)
    person = await service.account(role=Role.ROLE_EDITOR, organisation_id=here)
    other = await service.sign_in(person.email)
    answers = [await ask(service, admin, "RevokeAccountSessions", id=person.id) for _ in range(2)]
    assert [answer.revoked_count for answer in answers] == [2, 0]
    for session in (person, other):
        assert (await refused(refresh(service, session))).reason == "INVALID_REFRESH_TOKEN"
        assert await is_refused_soon(service.channel, session.access_token)
    (event,) = await events(service, "session.revoke")
    assert (event.target, str(event.organisation_id), len(event.details["sessions"])) == (person.id, here, 2)
    assert (await service.sign_in(person.email)).id == person.id


async def test_a_lost_authenticator_is_asked_for_no_more(service: Service) -> None:
    """An admin takes it off: its secret and its recovery codes are gone, all sessions end, and the person is mailed."""
    admin, person = await service.account(role=ADMIN), await service.account()
    account_id = uuid.UUID(person.id)
    refusal = await refused(ask(service, admin, "DisableAccountTotp", id=person.id))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TOTP_NOT_ENROLLED")
    await change(
        service,
        update(models.Account)
        .where(models.Account.id == account_id)
        .values(totp_secret=b"sealed", totp_confirm_time=func.now(), totp_last_step=1),
        insert(models.RecoveryCode).values(account_id=account_id, digest=b"one"),
    )
    assert (await ask(service, admin, "GetAccount", id=person.id)).account.HasField("totp_confirm_time")

    account = (await ask(service, admin, "DisableAccountTotp", id=person.id)).account

    assert not account.HasField("totp_confirm_time")
    assert (await service.sign_in(person.email)).id == person.id
    assert (await refused(refresh(service, person))).reason == "INVALID_REFRESH_TOKEN"
    assert await rows(service, select(models.RecoveryCode.__table__)) == []
    ((secret,),) = await rows(service, select(models.Account.totp_secret).where(models.Account.id == account_id))
    assert secret is None
    (event,) = await events(service, "account.totp_disable")
    assert (event.target, str(event.actor_id)) == (person.id, admin.id)
