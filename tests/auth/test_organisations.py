"""OrganisationService: making organisations and reading them."""

from __future__ import annotations

import uuid

import grpc
import pytest
from sqlalchemy import func, select

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import (
    CreateOrganisationRequest,
    GetOrganisationRequest,
    ListOrganisationsRequest,
)
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from server.organisations import models
from tests.auth.stored import events, rows
from tests.refusals import refused
from tests.service import Person, Service


async def create(
    service: Service, person: Person, slug: str, name: str = "Department of Harbours", key: str = ""
) -> Organisation:
    metadata = (*person.metadata, ("idempotency-key", key)) if key else person.metadata
    request = CreateOrganisationRequest(organisation=Organisation(slug=slug, name=name))
    return (await OrganisationServiceStub(service.channel).CreateOrganisation(request, metadata=metadata)).organisation


async def get(service: Service, person: Person, organisation_id: str) -> Organisation:
    request = GetOrganisationRequest(id=organisation_id)
    return (await OrganisationServiceStub(service.channel).GetOrganisation(request, metadata=person.metadata)).organisation


async def count(service: Service) -> int:
    ((number,),) = await rows(service, select(func.count()).select_from(models.Organisation))
    return int(number)


async def test_an_admin_makes_an_organisation(service: Service, slug: str) -> None:
    """A new organisation can be read by everyone who is signed in, and its making is audited."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    reader = await service.account(role=Role.ROLE_READER, organisation_id=await service.organisation())
    made = await create(service, admin, slug)
    assert (made.slug, made.name) == (slug, "Department of Harbours")
    assert uuid.UUID(made.id).version == 7
    assert await get(service, reader, made.id) == made
    (event,) = await events(service, "organisation.create")
    assert (event.target, str(event.organisation_id), str(event.actor_id)) == (made.id, made.id, admin.id)


async def test_over_http_a_new_organisation_has_a_location(service: Service, slug: str) -> None:
    """A call that Envoy made of an HTTP request is answered 201 with where the organisation is; repeated, the same."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    request = CreateOrganisationRequest(organisation=Organisation(slug=slug, name="Harbours"))
    metadata = (*admin.metadata, ("idempotency-key", "once"), ("x-envoy-original-method", "POST"))
    for _ in range(2):
        call = OrganisationServiceStub(service.channel).CreateOrganisation(request, metadata=metadata)
        headers = dict(await call.initial_metadata())
        made = (await call).organisation
        assert headers["x-http-status"] == "201"
        assert headers["location"] == f"/v1/organisations/{made.id}"


async def test_a_slug_is_taken_once(service: Service, slug: str) -> None:
    """Two organisations cannot have one slug."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    await create(service, admin, slug)
    refusal = await refused(create(service, admin, slug, "Another"))
    assert refusal.code is grpc.StatusCode.ALREADY_EXISTS
    assert refusal.reason == "SLUG_TAKEN"
    assert await count(service) == 1


async def test_a_repeated_request_makes_one(service: Service, slug: str) -> None:
    """The same request under the same key answers the same organisation; another request under it is refused."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    made = await create(service, admin, slug, key="once")
    assert await create(service, admin, slug, key="once") == made
    refusal = await refused(create(service, admin, f"{slug}-too", key="once"))
    assert refusal.reason == "IDEMPOTENCY_KEY_REUSED"
    assert await count(service) == 1
    assert len(await events(service, "organisation.create")) == 1


async def test_a_refused_request_leaves_its_key_free(service: Service, slug: str) -> None:
    """Who got SLUG_TAKEN may send the mended request under the same key."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    await create(service, admin, slug)
    await refused(create(service, admin, slug, "Another", key="once"))
    assert (await create(service, admin, f"{slug}-too", key="once")).slug == f"{slug}-too"


@pytest.mark.parametrize("role", [Role.ROLE_READER, Role.ROLE_AUTHOR, Role.ROLE_EDITOR, Role.ROLE_PUBLISHER])
async def test_only_an_admin_makes_organisations(service: Service, role: Role.ValueType) -> None:
    """A lower role, though it holds in all organisations, may not."""
    person = await service.account(role=role)
    refusal = await refused(create(service, person, "harbours"))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    assert refusal.info.metadata["permission"] == "PERMISSION_ORGANISATIONS_WRITE"
    assert await count(service) == 0


async def test_the_admin_of_one_organisation_makes_no_others(service: Service) -> None:
    """Making organisations needs a grant for all of them."""
    person = await service.account(role=Role.ROLE_ADMIN, organisation_id=await service.organisation())
    assert (await refused(create(service, person, "harbours"))).code is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("slug", ["", "Harbours", "har bours", "-harbours", "harbours-", "har--bours", "häfen", "x" * 101])
async def test_a_slug_is_lower_case_letters_digits_and_hyphens(service: Service, slug: str) -> None:
    """What is no slug is refused by its field."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    refusal = await refused(create(service, admin, slug))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == ["organisation.slug"]


async def test_an_organisation_needs_a_name(service: Service) -> None:
    """A name is from 1 to 255 characters."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    for name in ("", "x" * 256):
        assert list((await refused(create(service, admin, "harbours", name))).fields) == ["organisation.name"]


async def test_an_unknown_organisation_is_not_found(service: Service) -> None:
    """An id that is nobody's answers NOT_FOUND; what is no id is refused."""
    reader = await service.account(role=Role.ROLE_READER)
    refusal = await refused(get(service, reader, str(uuid.uuid4())))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")
    assert (await refused(get(service, reader, "harbours"))).code is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_list_comes_in_parts_by_slug(service: Service, slug: str) -> None:
    """All organisations come, each once, by slug, over as many pages as it takes."""
    reader = await service.account(role=Role.ROLE_READER)
    slugs = [f"{slug}-{number}" for number in range(7)]
    for each in reversed(slugs):
        await service.organisation(each)
    found: list[str] = []
    request = ListOrganisationsRequest(page_size=3)
    stub = OrganisationServiceStub(service.channel)
    while True:
        answer = await stub.ListOrganisations(request, metadata=reader.metadata)
        assert len(answer.organisations) <= 3
        found += [each.slug for each in answer.organisations]
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert found == sorted({*found})
    assert [each for each in found if each.startswith(f"{slug}-")] == slugs


async def test_a_page_token_is_its_callers_own(service: Service) -> None:
    """Another caller's page token is refused (Z4)."""
    reader, other = [await service.account(role=Role.ROLE_READER) for _ in range(2)]
    for _ in range(2):
        await service.organisation()
    stub = OrganisationServiceStub(service.channel)
    token = (await stub.ListOrganisations(ListOrganisationsRequest(page_size=1), metadata=reader.metadata)).next_page_token
    request = ListOrganisationsRequest(page_size=1, page_token=token)
    refusal = await refused(stub.ListOrganisations(request, metadata=other.metadata))
    assert refusal.reason == "INVALID_PAGE_TOKEN"


async def test_who_is_not_signed_in_sees_nothing(service: Service) -> None:
    """Organisations are not public."""
    stub = OrganisationServiceStub(service.channel)
    for call in (
        stub.ListOrganisations(ListOrganisationsRequest()),
        stub.GetOrganisation(GetOrganisationRequest(id=str(uuid.uuid4()))),
        stub.CreateOrganisation(CreateOrganisationRequest(organisation=Organisation(slug="harbours", name="Harbours"))),
    ):
        assert (await refused(call)).code is grpc.StatusCode.UNAUTHENTICATED
