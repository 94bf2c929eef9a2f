"""Who sees which events, in which order."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.audit.v1.audit_service_pb2 import ListAuditEventsRequest, VerifyAuditRequest
from gazette.auth.v1.account_pb2 import Role
from tests.audit.auditing import Auditor
from tests.refusals import refused

OTHERS = [Role.ROLE_READER, Role.ROLE_AUTHOR, Role.ROLE_EDITOR, Role.ROLE_PUBLISHER]


async def test_an_event_says_it_all(auditor: Auditor) -> None:
    """An event comes with what was done, by whom, to what, from where, and with its hash."""
    place = uuid.UUID(await auditor.service.organisation())
    await auditor.add(
        1,
        "grant.add",
        actor_id=uuid.UUID(auditor.admin.id),
        organisation_id=place,
        after={"role": "ROLE_EDITOR"},
        personal={"name": "Ada"},
    )
    event = (await auditor.events())[0]
    stored = (await auditor.stored())[-1]
    assert (event.number, event.action, event.target) == (2, "grant.add", "0")
    assert (event.actor_id, event.organisation_id, event.request_id) == (auditor.admin.id, str(place), "")
    assert MessageToDict(event.details) == {"after": {"role": "ROLE_EDITOR"}}
    assert MessageToDict(event.personal) == {"name": "Ada"}
    assert (event.is_erased, event.sha256) == (False, stored.hash.hex())
    assert event.event_time.ToMicroseconds() == round(stored.event_time.timestamp() * 1e6)


async def test_an_event_that_is_not_sealed_yet_is_listed(auditor: Auditor) -> None:
    """An event is there as soon as its act is, with its id; number and hash come with the seal, and change nothing else."""
    async with auditor.unsealed():
        await auditor.write(2, personal={"name": "Ada"})
        before = await auditor.events()
    assert [(event.number, event.target, event.sha256) for event in before[:2]] == [(0, "1", ""), (0, "0", "")]
    await auditor.seal()
    after = await auditor.events()
    assert [event.number for event in after] == [3, 2, 1]
    assert all(event.sha256 for event in after)
    for event in after[:2]:
        event.number, event.sha256 = 0, ""
    assert after[:2] == before[:2]


async def test_newest_first_over_pages(auditor: Auditor) -> None:
    """All events come, each once, newest first, over as many pages as it takes; what is added meanwhile is not among them."""
    await auditor.add(7)
    numbers: list[int] = []
    token = ""
    while True:
        answer = await auditor.list(page_size=3, page_token=token)
        numbers += [event.number for event in answer.audit_events]
        token = answer.next_page_token
        if not token:
            break
        await auditor.add()
    assert numbers == [8, 7, 6, 5, 4, 3, 2, 1]


async def test_filters(auditor: Auditor) -> None:
    """Events are found by actor, target, action, domain, organisation and time, and by several of these at once."""
    place, actor = uuid.uuid4(), uuid.uuid4()
    await auditor.add(2, "api_key.create", organisation_id=place)
    await auditor.add(2, "api_key.revoke", actor_id=actor)
    await auditor.add(1, "apiXkey.revoke", actor_id=actor)
    third, last = [row.event_time for row in await auditor.stored()][2::3]
    since, until = Timestamp(), Timestamp()
    since.FromDatetime(third)
    until.FromDatetime(last)

    async def found(**filters: Any) -> list[int]:
        return [event.number for event in await auditor.events(**filters)]

    assert await found(actor_id=str(actor)) == [6, 5, 4]
    assert await found(target="1") == [5, 3]
    assert await found(action="api_key.create") == [3, 2]
    assert await found(action="api_key.*") == [5, 4, 3, 2]
    assert await found(action="account.*") == [1]
    assert await found(organisation_id=str(place)) == [3, 2]
    assert await found(since_time=since) == [6, 5, 4, 3]
    assert await found(since_time=since, until_time=until) == [5, 4, 3]
    assert await found(actor_id=str(actor), action="api_key.*", target="0") == [4]
    assert await found(actor_id=str(uuid.uuid4())) == []


async def test_an_admin_of_one_organisation_sees_its_events(auditor: Auditor) -> None:
    """Whose role holds in one organisation sees what concerns it: neither another's, nor what concerns none, nor the chain."""
    ours, theirs = [await auditor.service.organisation() for _ in range(2)]
    person = await auditor.service.account(role=Role.ROLE_ADMIN, organisation_id=ours)
    for place in (ours, theirs):
        await auditor.add(2, organisation_id=uuid.UUID(place))
    await auditor.add(2)
    assert [event.organisation_id for event in await auditor.events(person)] == [ours, ours]
    assert len(await auditor.events(person, organisation_id=ours, action="test.*")) == 2
    assert await auditor.events(person, actor_id=auditor.admin.id) == []

    other = ListAuditEventsRequest(organisation_id=theirs)
    for call in (
        auditor.stub.ListAuditEvents(other, metadata=person.metadata),
        auditor.stub.VerifyAudit(VerifyAuditRequest(), metadata=person.metadata),
    ):
        refusal = await refused(call)
        assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
        assert refusal.info.metadata["permission"] == "PERMISSION_AUDIT_READ"


@pytest.mark.parametrize("role", OTHERS, ids=[Role.Name(role) for role in OTHERS])
async def test_others_see_nothing(auditor: Auditor, role: Role.ValueType) -> None:
    """No role but the admin's reads or verifies the audit, though it hold in all organisations."""
    person = await auditor.service.account(role=role)
    for call in (
        auditor.stub.ListAuditEvents(ListAuditEventsRequest(), metadata=person.metadata),
        auditor.stub.VerifyAudit(VerifyAuditRequest(), metadata=person.metadata),
    ):
        assert (await refused(call)).code is grpc.StatusCode.PERMISSION_DENIED


async def test_who_is_not_signed_in_sees_nothing(auditor: Auditor) -> None:
    """The audit is not public."""
    for call in (
        auditor.stub.ListAuditEvents(ListAuditEventsRequest()),
        auditor.stub.VerifyAudit(VerifyAuditRequest()),
    ):
        assert (await refused(call)).code is grpc.StatusCode.UNAUTHENTICATED


async def test_a_page_token_is_for_its_query(auditor: Auditor) -> None:
    """A token with a character changed, of another caller, or with another filter is refused (Z4)."""
    await auditor.add(3)
    other = await auditor.service.account(role=Role.ROLE_ADMIN)
    token = (await auditor.list(page_size=1)).next_page_token
    middle = len(token) // 2
    flipped = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in (0, middle, len(token) - 1)]
    asked = [(auditor.admin, {"page_token": each}) for each in flipped]
    asked += [(other, {"page_token": token}), (auditor.admin, {"page_token": token, "action": "test.*"})]
    for person, fields in asked:
        request = ListAuditEventsRequest(page_size=1, **fields)  # type: ignore[arg-type]
        refusal = await refused(auditor.stub.ListAuditEvents(request, metadata=person.metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")
    assert len(await auditor.events(page_size=1, page_token=token)) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"actor_id": "ada"}, "actor_id"),
        ({"organisation_id": "harbours"}, "organisation_id"),
        ({"action": "account"}, "action"),
        ({"action": "*"}, "action"),
        ({"action": "account.sign%"}, "action"),
        ({"since_time": Timestamp(seconds=-1)}, "since_time"),
        ({"until_time": Timestamp(seconds=2**60)}, "until_time"),
        ({"page_size": 201}, "page_size"),
        ({"page_size": -1}, "page_size"),
    ],
    ids=["actor", "organisation", "domain", "everything", "pattern", "before 1970", "beyond 9999", "too many", "negative"],
)
async def test_what_is_wrong_in_a_request_is_named(auditor: Auditor, wrong: dict[str, object], field: str) -> None:
    """A filter that cannot be meant is refused by its field."""
    request = ListAuditEventsRequest(**wrong)  # type: ignore[arg-type]
    refusal = await refused(auditor.stub.ListAuditEvents(request, metadata=auditor.admin.metadata))
    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, [field])
