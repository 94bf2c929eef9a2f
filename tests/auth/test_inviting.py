"""InviteAccount: who may invite whom to what, and what is made of it."""

from __future__ import annotations

import asyncio
import uuid

import grpc
import pytest
from sqlalchemy import func, select, update

from gazette.auth.v1.account_administration_pb2 import InviteAccountRequest
from gazette.auth.v1.account_pb2 import Account, AccountKind, AccountState, Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.password_pb2 import AcceptInvitationRequest
from server.auth import models
from server.stores.idempotency import IdempotencyKey
from tests.auth.administering import ask, invite
from tests.auth.mailbox import mails, token
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.service import PASSWORD, Person, Service

ADA = "ada@example.gov"
REQUEST_ID = ("x-request-id", "the-same-for-all")


async def test_an_invited_person_has_an_account_and_a_mail(service: Service, email: str) -> None:
    """Without a password, with one role; the audit has the address beside the event, and not in it."""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    account = await invite(service, admin, email, organisation_id=here)
    assert (account.email, account.name) == (email, "Ada Byron")
    assert (account.kind, account.state) == (AccountKind.ACCOUNT_KIND_PERSON, AccountState.ACCOUNT_STATE_INVITED)
    assert [(each.role, each.organisation_id) for each in account.grants] == [(Role.ROLE_AUTHOR, here)]
    assert uuid.UUID(account.id).version == 7
    assert (await ask(service, admin, "GetAccount", id=account.id)).account == account
    await mails(service, email)
    (event,) = await events(service, "account.invite")
    assert (event.target, str(event.actor_id), str(event.organisation_id)) == (account.id, admin.id, here)
    assert event.details == {"role": "ROLE_AUTHOR", "by": "api", "mail": "queued"}
    assert (event.personal["email"], event.personal["name"]) == (email, "Ada Byron")


async def test_over_http_an_invited_account_has_a_location(service: Service, email: str) -> None:
    """A call that Envoy made of an HTTP request is answered 201 with where the account is."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    request = InviteAccountRequest(account=Account(email=email, name="Ada"), role=Role.ROLE_READER)
    metadata = (*admin.metadata, ("x-envoy-original-method", "POST"))
    call = AccountServiceStub(service.channel).InviteAccount(request, metadata=metadata)
    headers = dict(await call.initial_metadata())
    assert headers["x-http-status"] == "201"
    assert headers["location"] == f"/v1/accounts/{(await call).account.id}"


async def test_who_has_not_accepted_is_invited_again(service: Service, email: str) -> None:
    """Another mail goes out, whose link alone holds; another role is added, the same one is not, and the name stays."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    first = await invite(service, admin, email)
    await mails(service, email)  # each before the next: a mail whose link was replaced is not sent any more
    again = await invite(service, admin, email.upper(), "Somebody Else")
    await mails(service, email, count=2)
    assert again == first
    more = await invite(service, admin, email, role=Role.ROLE_EDITOR)
    assert [each.role for each in more.grants] == [Role.ROLE_AUTHOR, Role.ROLE_EDITOR]
    sent = await mails(service, email, count=3)
    assert len({token(mail) for mail in sent}) == 3
    holding = select(func.count()).where(models.Link.use_time.is_(None))
    assert await rows(service, holding) == [(1,)]
    (event,) = await events(service, "grant.add")
    assert event.details["before"] == {"roles": ["ROLE_AUTHOR"]}


@pytest.mark.parametrize("state", ["ACTIVE", "DISABLED"])
async def test_whoever_has_accepted_is_not_invited_again(service: Service, state: str, email: str) -> None:
    """An address that is in use, in whatever case it is written, gets no mail and no role."""
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account(email)
    number = AccountState.Value(f"ACCOUNT_STATE_{state}")
    await change(service, update(models.Account).where(models.Account.id == uuid.UUID(person.id)).values(state=number))
    refusal = await refused(invite(service, admin, email.title()))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "EMAIL_TAKEN")
    assert await rows(service, select(models.Link.id)) == []
    assert await events(service, "account.invite") == []


async def test_another_organisations_invitation_is_left_alone(service: Service, email: str) -> None:
    """The admin of one organisation can neither mail nor give a role to whom another has invited."""
    here, there = await service.organisation(), await service.organisation()
    admin, other = [await service.account(role=Role.ROLE_ADMIN, organisation_id=place) for place in (here, there)]
    account = await invite(service, other, email, organisation_id=there)
    assert (await refused(invite(service, admin, email, organisation_id=here))).reason == "EMAIL_TAKEN"
    assert (await ask(service, other, "GetAccount", id=account.id)).account == account
    assert len(await rows(service, select(models.Link.id))) == 1


@pytest.mark.parametrize("way", ["disabled", "expired", "without a role"])
@pytest.mark.parametrize("is_central", [True, False], ids=["central", "another organisation"])
async def test_nobody_keeps_an_address_from_others(service: Service, email: str, way: str, is_central: bool) -> None:
    """An invitation that was withdrawn, or has run out, keeps nobody from inviting: the person is mailed, accepts, and has what
    the last one gives. Of what was withdrawn nothing comes back, and whoever withdrew it can do no more about it."""
    here, there = await service.organisation(), await service.organisation()
    squatter = await service.account(role=Role.ROLE_ADMIN, organisation_id=there)
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id="" if is_central else here)
    account = await invite(service, squatter, email, organisation_id=there, role=Role.ROLE_PUBLISHER)
    await mails(service, email)
    if way == "disabled":
        await ask(service, squatter, "DisableAccount", id=account.id)
    elif way == "expired":
        await change(service, update(models.Link).values(expire_time=models.Link.create_time))
    else:
        await ask(service, squatter, "RevokeRole", id=account.id, role=Role.ROLE_PUBLISHER, organisation_id=there)
        await change(service, update(models.Link).values(expire_time=models.Link.create_time))

    again = await invite(service, admin, email, organisation_id=here)

    assert (again.id, again.state) == (account.id, AccountState.ACCOUNT_STATE_INVITED)
    invitation = token((await mails(service, email, count=2))[-1])
    for method in ("DisableAccount", "EraseAccount", "RevokeAccountSessions"):
        refusal = await refused(ask(service, squatter, method, id=account.id))
        assert refusal.code in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED}
    request = AcceptInvitationRequest(token=invitation, password=PASSWORD)
    accepted = (await AuthServiceStub(service.channel).AcceptInvitation(request)).account
    held = {(each.role, each.organisation_id) for each in accepted.grants}
    assert held == {(Role.ROLE_AUTHOR, here)} | ({(Role.ROLE_PUBLISHER, there)} if way == "expired" else set())
    if way != "expired":
        (event,) = await events(service, "grant.revoke")
        assert (event.target, str(event.organisation_id)) == (account.id, there)
    assert (await refused(invite(service, squatter, email, organisation_id=there))).reason == "EMAIL_TAKEN"


async def test_a_central_invitation_is_taken_by_nobody(service: Service, email: str) -> None:
    """What the admins of all organisations have withdrawn is theirs to bring back."""
    here = await service.organisation()
    central, admin = [await service.account(role=Role.ROLE_ADMIN, organisation_id=place) for place in ("", here)]
    account = await invite(service, central, email)
    await ask(service, central, "DisableAccount", id=account.id)
    assert (await refused(invite(service, admin, email, organisation_id=here))).reason == "EMAIL_TAKEN"
    assert (await invite(service, central, email)).state == AccountState.ACCOUNT_STATE_INVITED


async def insist(service: Service, admin: Person, email: str) -> str:
    """Invites for as long as the database has no connection to spare."""
    while True:
        try:
            return (await invite(service, admin, email)).id
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise


async def test_many_at_once_invite_one_person(service: Service, email: str) -> None:
    """Fifty concurrent invitations of one address make one account with one role, and one link holds."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    invited = await asyncio.gather(*(insist(service, admin, email) for _ in range(50)))
    assert len(set(invited)) == 1
    assert len(await rows(service, select(models.Account.id).where(models.Account.email == email))) == 1
    account = (await ask(service, admin, "GetAccount", id=invited[0])).account
    assert [each.role for each in account.grants] == [Role.ROLE_AUTHOR]
    assert len(await rows(service, select(models.Link.id).where(models.Link.use_time.is_(None)))) == 1


async def test_a_repeated_invitation_is_sent_once(service: Service, email: str) -> None:
    """The same request under the same key is answered as the account stands, without another mail; the key keeps nothing of the
    person."""
    admin, key = await service.account(role=Role.ROLE_ADMIN), ("idempotency-key", "once")
    first = await invite(service, admin, email, "Ada Byron", key)
    assert await invite(service, admin, email, "Ada Byron", key) == first
    assert (await refused(invite(service, admin, "bob@example.gov", "Bob", key))).reason == "IDEMPOTENCY_KEY_REUSED"
    assert len(await rows(service, select(models.Link.id))) == 1
    ((answer,),) = await rows(service, select(IdempotencyKey.answer))
    assert email.encode() not in answer
    assert b"Ada" not in answer


@pytest.mark.parametrize(
    ("email", "name", "fields"),
    [
        ("", "", ["account.email", "account.name"]),
        ("nobody", "Ada", ["account.email"]),
        ("a b@example.gov", "Ada", ["account.email"]),
        ("ada@example.gov\r\nBcc: all@example.gov", "Ada", ["account.email"]),
        (f"{'x' * 250}@example.gov", "Ada", ["account.email"]),
        (ADA, " ", ["account.name"]),
        (ADA, "x" * 256, ["account.name"]),
        (ADA, "Ada\nByron", ["account.name"]),
    ],
    ids=["nothing", "no address", "space", "header", "long address", "blank name", "long name", "two lines"],
)
async def test_what_is_wrong_with_an_invitation_is_named(service: Service, email: str, name: str, fields: list[str]) -> None:
    """Each field that is wrong is named by its path, and no account is made."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    refusal = await refused(invite(service, admin, email, name))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == fields
    assert len(await rows(service, select(models.Account.id))) == 1


async def test_an_invitation_is_to_a_role(service: Service) -> None:
    """Without a role, or with one that there is not, nobody is invited."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    for role in (Role.ROLE_UNSPECIFIED, Role.ValueType(9)):
        assert list((await refused(invite(service, admin, role=role))).fields) == ["role"]


async def test_an_admin_invites_to_its_own_organisation(service: Service, email: str) -> None:
    """To another it cannot, which looks as one that there is not (Z2); to all, it may not."""
    here, there = await service.organisation(), await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    refusals = [
        await refused(invite(service, admin, email, "Ada", REQUEST_ID, organisation_id=place))
        for place in (there, str(uuid.uuid4()))
    ]
    assert (refusals[0].code, refusals[0].reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")
    assert refusals[0].status == refusals[1].status
    assert (await refused(invite(service, admin, email))).code is grpc.StatusCode.PERMISSION_DENIED


async def test_an_unknown_organisation_has_nobody(service: Service) -> None:
    """Who may invite everywhere still needs an organisation that there is."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    refusal = await refused(invite(service, admin, organisation_id=str(uuid.uuid4())))
    assert refusal.reason == "ORGANISATION_NOT_FOUND"
    assert await rows(service, select(models.Link.id)) == []
