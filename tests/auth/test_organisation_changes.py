"""OrganisationService: changing organisations, and what every RPC that takes an id or a page token refuses."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from gazette.auth.v1 import organisation_service_pb2 as rpc
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from server.organisations.service import OrganisationService
from tests.auth.stored import events
from tests.refusals import refused
from tests.service import Person, Service


def stub(service: Service) -> Any:
    return OrganisationServiceStub(service.channel)


async def get(service: Service, person: Person, organisation_id: str) -> Organisation:
    request = rpc.GetOrganisationRequest(id=organisation_id)
    found: Organisation = (await stub(service).GetOrganisation(request, metadata=person.metadata)).organisation
    return found


def update(service: Service, person: Person, wanted: Organisation, *paths: str) -> Awaitable[rpc.UpdateOrganisationResponse]:
    request = rpc.UpdateOrganisationRequest(organisation=wanted, update_mask=FieldMask(paths=paths))
    call: Awaitable[rpc.UpdateOrganisationResponse] = stub(service).UpdateOrganisation(request, metadata=person.metadata)
    return call


async def test_an_organisation_gets_another_name(service: Service) -> None:
    """The name changes, all else stays, and the audit knows both names; the same name again is no change."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    before = await get(service, admin, await service.organisation())
    wanted = Organisation(id=before.id, slug="ports", name="Ports", path_prefixes=["ports"])
    for _ in range(2):
        after = (await update(service, admin, wanted, "name")).organisation
        assert after == Organisation(id=before.id, slug=before.slug, name="Ports", create_time=before.create_time)
        assert await get(service, admin, before.id) == after
    (event,) = await events(service, "organisation.update")
    assert (event.target, str(event.actor_id), str(event.organisation_id)) == (before.id, admin.id, before.id)
    assert (event.details["before"], event.details["after"]) == ({"name": before.name}, {"name": "Ports"})


@pytest.mark.parametrize(
    "paths",
    [[], ["*"], ["id"], ["slug"], ["create_time"], ["path_prefixes"], ["name.first"], ["status"], ["Name"], ["name", "slug"]],
)
async def test_masks_that_are_refused(service: Service, paths: list[str]) -> None:
    """A mask that names anything but the name is refused, and the row stays as it is (Z3)."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    before = await get(service, admin, await service.organisation())
    wanted = Organisation(id=before.id, slug="ports", name="Ports", path_prefixes=["ports"])
    refusal = await refused(update(service, admin, wanted, *paths))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_UPDATE_MASK")
    assert [*refusal.fields] == ["update_mask"]
    assert await get(service, admin, before.id) == before
    assert await events(service, "organisation.update") == []


async def test_a_name_does_not_become_empty(service: Service) -> None:
    """An empty name, and one that is too long, are refused by their field."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    before = await get(service, admin, await service.organisation())
    for name in ("", "x" * 256):
        refusal = await refused(update(service, admin, Organisation(id=before.id, name=name), "name"))
        assert (refusal.code, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, ["organisation.name"])
    assert await get(service, admin, before.id) == before


async def test_an_update_names_the_organisation(service: Service) -> None:
    """Without an id, or with what is none, an update is refused."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    for organisation_id in ("", "harbours"):
        refusal = await refused(update(service, admin, Organisation(id=organisation_id, name="Ports"), "name"))
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_admin_of_one_organisation_changes_none(service: Service) -> None:
    """Changing organisations needs a grant for all of them, even to change one's own."""
    own = await service.organisation()
    person = await service.account(role=Role.ROLE_ADMIN, organisation_id=own)
    before = await get(service, person, own)
    refusal = await refused(update(service, person, Organisation(id=own, name="Ports"), "name"))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    assert refusal.info.metadata["permission"] == "PERMISSION_ORGANISATIONS_WRITE"
    assert await get(service, person, own) == before


NAMED: dict[str, Callable[[str], Any]] = {
    "GetOrganisation": lambda id: rpc.GetOrganisationRequest(id=id),
    "UpdateOrganisation": lambda id: rpc.UpdateOrganisationRequest(
        organisation=Organisation(id=id, name="Ports"), update_mask=FieldMask(paths=["name"])
    ),
    "ReservePath": lambda id: rpc.ReservePathRequest(organisation_id=id, prefix="ports"),
    "ReleasePath": lambda id: rpc.ReleasePathRequest(organisation_id=id, prefix="ports"),
}
WITHOUT_ID = {"CreateOrganisation", "ListOrganisations"}


@pytest.mark.parametrize("name", NAMED)
async def test_an_unknown_organisation_is_not_found(service: Service, name: str) -> None:
    """Every RPC that names an organisation answers NOT_FOUND to an id that is nobody's (Z2)."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    call = getattr(stub(service), name)(NAMED[name](str(uuid.uuid4())), metadata=admin.metadata)
    refusal = await refused(call)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")


def test_no_rpc_is_left_out() -> None:
    """The RPCs above are all that the service has."""
    declared = {name for name in vars(OrganisationService) if name[0].isupper()}
    assert declared == NAMED.keys() | WITHOUT_ID


async def test_page_tokens_that_were_tampered_with(service: Service) -> None:
    """A token with any one byte flipped, cut short or lengthened is refused (Z4)."""
    reader = await service.account(role=Role.ROLE_READER)
    for _ in range(2):
        await service.organisation()
    answer = await stub(service).ListOrganisations(rpc.ListOrganisationsRequest(page_size=1), metadata=reader.metadata)
    raw = base64.urlsafe_b64decode(answer.next_page_token)
    changed = [raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :] for place in range(len(raw))]
    for token in (*changed, raw[:-1], raw + b"\0"):
        request = rpc.ListOrganisationsRequest(page_size=1, page_token=base64.urlsafe_b64encode(token).decode())
        refusal = await refused(stub(service).ListOrganisations(request, metadata=reader.metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")
