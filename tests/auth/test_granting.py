"""GrantRole and RevokeRole: who gives and takes which role where, and what follows."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress

import grpc
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, update

from gazette.auth.v1.account_pb2 import Account, AccountState, Role
from server.auth import models
from server.auth.accounts import rules as account_rules
from server.auth.clock import utc_now
from server.auth.sessions.revocations import Revocations
from server.auth.tokens.access import AccessTokens, unpacked
from server.auth.tokens.signing import Key, KeyRing
from tests.auth.administering import ask, give, refresh
from tests.auth.asking import get_me, is_refused_soon
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.service import Person, Service

REQUEST_ID = ("x-request-id", "the-same-for-all")


async def grant(service: Service, caller: Person, person: Person, role: Role.ValueType, place: str = "") -> Account:
    account: Account = (await ask(service, caller, "GrantRole", id=person.id, role=role, organisation_id=place)).account
    return account


async def revoke(service: Service, caller: Person, person: Person, role: Role.ValueType, place: str = "") -> Account:
    account: Account = (await ask(service, caller, "RevokeRole", id=person.id, role=role, organisation_id=place)).account
    return account


def roles(account: Account) -> list[tuple[int, str]]:
    return [(each.role, each.organisation_id) for each in account.grants]


async def test_a_role_is_given_once(service: Service) -> None:
    """Again it changes nothing. The sessions go on, and know of the role from their next refresh."""
    here = await service.organisation()
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account(role=Role.ROLE_READER)
    for _ in range(2):
        account = await grant(service, admin, person, Role.ROLE_EDITOR, here)
        assert roles(account) == [(Role.ROLE_READER, ""), (Role.ROLE_EDITOR, here)]
    claims = jwt.decode((await refresh(service, person)).access_token, options={"verify_signature": False})
    assert unpacked(claims["grants"]) == [(Role.ROLE_READER, None), (Role.ROLE_EDITOR, uuid.UUID(here))]
    (event,) = await events(service, "grant.add")
    assert (event.target, str(event.actor_id), str(event.organisation_id)) == (person.id, admin.id, here)
    assert event.details == {
        "role": "ROLE_EDITOR",
        "before": {"roles": []},
        "after": {"roles": ["ROLE_EDITOR"]},
        "by": "api",
    }


async def test_a_lost_role_ends_all_sessions(service: Service) -> None:
    """Refreshing is over at once, access within five seconds (T5); who signs in again has what is left."""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    person = await service.account(role=Role.ROLE_EDITOR, organisation_id=here)
    await give(service, person.id, Role.ROLE_READER, here)
    await get_me(service.channel, person.access_token)
    assert roles(await revoke(service, admin, person, Role.ROLE_EDITOR, here)) == [(Role.ROLE_READER, here)]
    assert (await refused(refresh(service, person))).reason == "INVALID_REFRESH_TOKEN"
    assert await is_refused_soon(service.channel, person.access_token)
    again = await service.sign_in(person.email)
    assert roles((await get_me(service.channel, again.access_token)).account) == [(Role.ROLE_READER, here)]
    (event,) = await events(service, "grant.revoke")
    assert (event.target, str(event.organisation_id)) == (person.id, here)
    assert event.details["before"] == {"roles": ["ROLE_EDITOR", "ROLE_READER"]}
    assert event.details["after"] == {"roles": ["ROLE_READER"]}


async def test_the_last_role_may_be_taken(service: Service) -> None:
    """The answer still says how the account stands, though the caller cannot see it any more."""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    person = await service.account(role=Role.ROLE_EDITOR, organisation_id=here)
    account = await revoke(service, admin, person, Role.ROLE_EDITOR, here)
    assert (account.id, roles(account)) == (person.id, [])
    assert (await refused(ask(service, admin, "GetAccount", id=person.id))).reason == "ACCOUNT_NOT_FOUND"


async def test_a_role_that_is_not_held_cannot_be_taken(service: Service) -> None:
    """A role is taken where it was given, and only once; the sessions go on."""
    here = await service.organisation()
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account(role=Role.ROLE_EDITOR)
    for role, place in ((Role.ROLE_EDITOR, here), (Role.ROLE_READER, "")):
        refusal = await refused(revoke(service, admin, person, role, place))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "GRANT_NOT_FOUND")
    await refresh(service, person)
    assert await events(service, "grant.revoke") == []


async def test_roles_are_a_matter_of_their_organisation(service: Service) -> None:
    """Its admin gives and takes them, whatever else the person does elsewhere, and nowhere else."""
    here, there = await service.organisation(), await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    person = await service.account(role=Role.ROLE_EDITOR, organisation_id=here)
    await give(service, person.id, Role.ROLE_PUBLISHER, there)
    await grant(service, admin, person, Role.ROLE_READER, here)
    assert roles(await revoke(service, admin, person, Role.ROLE_EDITOR, here)) == [(Role.ROLE_READER, here)]
    for method in ("GrantRole", "RevokeRole"):
        refusals = [
            await refused(
                ask(service, admin, method, REQUEST_ID, id=person.id, role=Role.ROLE_PUBLISHER, organisation_id=place)
            )
            for place in (there, str(uuid.uuid4()))
        ]
        assert (refusals[0].code, refusals[0].reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")
        assert refusals[0].status == refusals[1].status
        refusal = await refused(ask(service, admin, method, id=person.id, role=Role.ROLE_PUBLISHER))
        assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    held = select(models.Grant.role).where(models.Grant.organisation_id == uuid.UUID(there))
    assert await rows(service, held) == [(Role.ROLE_PUBLISHER,)]


async def test_a_role_is_of_an_organisation_that_there_is(service: Service) -> None:
    """Nothing is given in an organisation that nobody made, nor a role that there is not."""
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account()
    refusal = await refused(grant(service, admin, person, Role.ROLE_READER, str(uuid.uuid4())))
    assert refusal.reason == "ORGANISATION_NOT_FOUND"
    for role in (Role.ROLE_UNSPECIFIED, Role.ValueType(9)):
        assert list((await refused(grant(service, admin, person, role))).fields) == ["role"]
    assert list((await refused(grant(service, admin, person, Role.ROLE_READER, "health"))).fields) == ["organisation_id"]


async def test_an_erased_account_is_given_nothing(service: Service) -> None:
    """What was erased stays so, for good."""
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account()
    erased = update(models.Account).where(models.Account.id == uuid.UUID(person.id))
    await change(service, erased.values(state=AccountState.ACCOUNT_STATE_ERASED))
    refusal = await refused(grant(service, admin, person, Role.ROLE_READER))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ACCOUNT_ERASED")


async def test_no_admin_takes_its_own_role(service: Service) -> None:
    """Of an organisation neither than of all; a lesser role of one's own may go."""
    here = await service.organisation()
    for place in (here, ""):
        admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=place)
        await give(service, admin.id, Role.ROLE_READER, place)
        assert (await refused(revoke(service, admin, admin, Role.ROLE_ADMIN, place))).reason == "OWN_ACCOUNT"
        assert roles(await revoke(service, admin, admin, Role.ROLE_READER, place)) == [(Role.ROLE_ADMIN, place)]


async def test_the_last_admin_keeps_its_role(own_service: Service) -> None:
    """A caller whose own role was taken, but whose token has not heard of it yet, cannot take the last one."""
    caller, last = [await own_service.account(role=Role.ROLE_ADMIN) for _ in range(2)]
    await change(
        own_service, update(models.Grant).values(role=Role.ROLE_READER).where(models.Grant.account_id == uuid.UUID(caller.id))
    )
    refusal = await refused(revoke(own_service, caller, last, Role.ROLE_ADMIN))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "LAST_ADMIN")
    await refresh(own_service, last)


async def test_admins_who_take_each_others_role(own_service: Service) -> None:
    """However many do so at once, in a circle: an admin is left."""
    admins = [await own_service.account(role=Role.ROLE_ADMIN) for _ in range(6)]

    async def take(caller: Person, person: Person) -> None:
        with suppress(grpc.aio.AioRpcError):
            await revoke(own_service, caller, person, Role.ROLE_ADMIN)

    await asyncio.gather(*(take(admins[place - 1], admins[place]) for place in range(len(admins))))
    assert len(await rows(own_service, select(models.Grant.id).where(models.Grant.role == Role.ROLE_ADMIN))) == 1


async def test_nobody_has_more_roles_than_a_token_carries(service: Service) -> None:
    """Who could not sign in any more for all the roles is not given another one."""
    places = [await service.organisation() for _ in range(account_rules.MAX_GRANTS + 1)]
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account(role=Role.ROLE_UNSPECIFIED)
    for place in places[:-1]:
        await give(service, person.id, Role.ROLE_EDITOR, place)
    assert (await service.sign_in(person.email)).id == person.id
    refusal = await refused(grant(service, admin, person, Role.ROLE_EDITOR, places[-1]))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TOO_MANY_GRANTS")
    await grant(service, admin, person, Role.ROLE_AUTHOR, places[0])  # covered by the editor's
    await grant(service, admin, person, Role.ROLE_PUBLISHER)  # covers them all


async def test_a_token_carries_that_many(service: Service) -> None:
    """Under the longest signature and key's name, and whatever the roles."""
    private = ec.generate_private_key(ec.SECP256R1())
    keys = KeyRing.of(Key.of_pair(private.public_key(), private))
    lifetime = service.settings.jwt_expiration_time
    tokens = AccessTokens(keys, lifetime, Revocations(service.database, lifetime))
    grants = [(number % 5 + 1, uuid.uuid4()) for number in range(account_rules.MAX_GRANTS)]
    token = tokens.issue(uuid.uuid4(), uuid.uuid4(), utc_now() + lifetime, grants)
    assert len((await tokens.identify(token.text)).permissions) > 0
