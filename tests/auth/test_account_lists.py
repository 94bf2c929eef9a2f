"""ListAccounts: which accounts come, in which order, and over how many pages."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import grpc
import pytest
from sqlalchemy import update

from gazette.auth.v1.account_pb2 import Account, AccountKind, AccountState, Role
from server.auth import models
from tests.auth.administering import ask, give
from tests.auth.stored import change
from tests.refusals import refused
from tests.service import Person, Service


async def emails(service: Service, caller: Person, **filter: Any) -> list[str]:
    return [account.email for account in await listed(service, caller, **filter)]


async def listed(service: Service, caller: Person, **filter: Any) -> list[Account]:
    return list((await ask(service, caller, "ListAccounts", **filter)).accounts)


async def set_values(service: Service, person: Person, **values: Any) -> None:
    await change(service, update(models.Account).where(models.Account.id == uuid.UUID(person.id)).values(values))


async def test_all_accounts_come_in_parts_the_newest_first(own_service: Service) -> None:
    """Each once, with its grants, over as many pages as it takes."""
    admin = await own_service.account(role=Role.ROLE_ADMIN)
    people = [await own_service.account() for _ in range(4)]
    await give(own_service, people[0].id, Role.ROLE_READER)
    found: list[Account] = []
    token = ""
    while True:
        answer = await ask(own_service, admin, "ListAccounts", page_size=2, page_token=token)
        assert len(answer.accounts) <= 2
        found += answer.accounts
        token = answer.next_page_token
        if not token:
            break
    assert [account.id for account in found] == [person.id for person in (*reversed(people), admin)]
    assert [each.role for each in found[3].grants] == [Role.ROLE_EDITOR, Role.ROLE_READER]
    assert [each.role for each in found[4].grants] == [Role.ROLE_ADMIN]


async def test_an_admin_lists_its_organisations_people(service: Service) -> None:
    """Those with a role there, and of their roles what concerns it; nobody else."""
    here, there = await service.organisation(), await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    await service.account(role=Role.ROLE_EDITOR, organisation_id=there)
    await service.account(role=Role.ROLE_EDITOR)
    await service.account(role=Role.ROLE_UNSPECIFIED)
    both = await service.account(role=Role.ROLE_EDITOR, organisation_id=there)
    await give(service, both.id, Role.ROLE_AUTHOR, here)
    found = await listed(service, admin)
    assert [account.email for account in found] == [both.email, admin.email]
    assert [(each.role, each.organisation_id) for each in found[0].grants] == [(Role.ROLE_AUTHOR, here)]


async def test_a_list_is_of_one_organisation_if_asked(service: Service) -> None:
    """Of those where the caller may see accounts; another one looks as one that there is not, to whoever asks (Z2)."""
    here, there = await service.organisation(), await service.organisation()
    central, admin = [await service.account(role=Role.ROLE_ADMIN, organisation_id=place) for place in (None, here)]
    other = await service.account(role=Role.ROLE_EDITOR, organisation_id=there)
    assert await emails(service, central, organisation_id=here) == [admin.email]
    assert await emails(service, central, organisation_id=there) == [other.email]
    assert await emails(service, admin, organisation_id=here) == [admin.email]
    nowhere, request_id = str(uuid.uuid4()), ("x-request-id", "the-same-for-all")
    refusals = [
        await refused(ask(service, caller, "ListAccounts", request_id, organisation_id=place))
        for caller, place in ((admin, there), (admin, nowhere), (central, nowhere))
    ]
    assert (refusals[0].code, refusals[0].reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")
    assert refusals[0].status == refusals[1].status == refusals[2].status


async def test_a_list_is_of_one_state_or_kind_if_asked(own_service: Service) -> None:
    """States and kinds are filters, together or each alone."""
    admin, machine, former = [
        await own_service.account(role=role) for role in (Role.ROLE_ADMIN, Role.ROLE_READER, Role.ROLE_READER)
    ]
    await set_values(own_service, machine, kind=AccountKind.ACCOUNT_KIND_SERVICE, email=None)
    await set_values(own_service, former, state=AccountState.ACCOUNT_STATE_DISABLED)
    filters: list[tuple[dict[str, Any], list[Person]]] = [
        ({"state": AccountState.ACCOUNT_STATE_DISABLED}, [former]),
        ({"state": AccountState.ACCOUNT_STATE_ACTIVE}, [machine, admin]),
        ({"kind": AccountKind.ACCOUNT_KIND_SERVICE}, [machine]),
        ({"kind": AccountKind.ACCOUNT_KIND_PERSON, "state": AccountState.ACCOUNT_STATE_ACTIVE}, [admin]),
        ({"state": AccountState.ACCOUNT_STATE_ERASED}, []),
    ]
    for filter, expected in filters:
        assert [account.id for account in await listed(own_service, admin, **filter)] == [person.id for person in expected]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("BYRON", ["Ada Byron"]),
        ("ada@", ["Ada Byron"]),
        ("example.gov", ["100%_\\/", "Ada Byron"]),
        ("%", ["100%_\\/"]),
        ("_", ["100%_\\/"]),
        ("\\", ["100%_\\/"]),
        ("/", ["100%_\\/"]),
        ("a%n", []),
        ("Ada_Byron", []),
        ("'; --", []),
    ],
)
async def test_people_are_found_by_a_part_of_name_or_address(service: Service, query: str, found: list[str]) -> None:
    """Without regard to case, and to the letter: what SQL takes for a pattern is text."""
    place = await service.organisation()
    admin = await service.account(f"{service.unique('admin')}@example.org", Role.ROLE_ADMIN, place)
    for who, name in (("ada", "Ada Byron"), ("odd", "100%_\\/")):
        email = f"{who}@{service.unique('example')}.example.gov"
        await set_values(service, await service.account(email, organisation_id=place), name=name)
    assert [account.name for account in await listed(service, admin, query=query)] == found


async def test_a_page_token_is_for_one_caller_and_one_query(service: Service) -> None:
    """Changed in any byte, from another caller, or with another filter it is refused (Z4)."""
    admin, other = [await service.account(role=Role.ROLE_ADMIN) for _ in range(2)]
    token = (await ask(service, admin, "ListAccounts", page_size=1)).next_page_token
    raw = base64.urlsafe_b64decode(token)
    flipped = [raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :] for place in range(len(raw))]
    attempts: list[tuple[Person, dict[str, Any]]] = [
        (admin, {"page_token": base64.urlsafe_b64encode(each).decode()}) for each in flipped
    ]
    attempts += [
        (other, {"page_token": token}),
        (admin, {"page_token": token, "query": "a"}),
        (admin, {"page_token": token, "state": AccountState.ACCOUNT_STATE_ACTIVE}),
        (admin, {"page_token": token + "x"}),
    ]
    for caller, fields in attempts:
        refusal = await refused(ask(service, caller, "ListAccounts", page_size=1, **fields))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")
    assert len((await ask(service, admin, "ListAccounts", page_size=1, page_token=token)).accounts) == 1
