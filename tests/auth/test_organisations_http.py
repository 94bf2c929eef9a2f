"""OrganisationService over HTTP, through Envoy, as a web client meets it."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.edge import Edge
from tests.refusals import http_reason


@pytest.fixture
def organisation(http_admin: httpx.Client) -> dict[str, Any]:
    """A new organisation."""
    wanted = {"slug": f"ports-{uuid.uuid4().hex}", "name": "Ports"}
    made: dict[str, Any] = http_admin.post("/v1/organisations", json=wanted).raise_for_status().json()["organisation"]
    return made


def test_a_name_changes(http_admin: httpx.Client, organisation: dict[str, Any]) -> None:
    """A PATCH with a mask in the query and the organisation in the body gives it another name."""
    url = f"/v1/organisations/{organisation['id']}"
    answer = http_admin.patch(url, params={"updateMask": "name"}, json={"name": "Harbours", "slug": "ignored"})
    assert (answer.status_code, answer.json()) == (200, {"organisation": organisation | {"name": "Harbours"}})
    assert http_admin.get(url).json() == answer.json()


@pytest.mark.parametrize("mask", ["", "slug", "pathPrefixes", "name,slug"])
def test_a_mask_is_refused(http_admin: httpx.Client, organisation: dict[str, Any], mask: str) -> None:
    """A mask that names what an update cannot change is a 400 that names the mask."""
    url = f"/v1/organisations/{organisation['id']}"
    answer = http_admin.patch(url, params={"updateMask": mask} if mask else None, json={"name": "Harbours", "slug": "harbours"})
    assert (answer.status_code, http_reason(answer)) == (400, "INVALID_UPDATE_MASK")
    assert answer.json()["details"][1]["fieldViolations"][0]["field"] == "updateMask"
    assert http_admin.get(url).json() == {"organisation": organisation}


def test_paths_are_reserved_and_released(http_admin: httpx.Client, organisation: dict[str, Any]) -> None:
    """A prefix of several segments is reserved by POST and released by DELETE; what is not reserved is a 404."""
    url, prefix = f"/v1/organisations/{organisation['id']}/paths", f"{organisation['slug']}/north_pier/a.b~c"
    reserved = http_admin.post(url, json={"prefix": prefix})
    assert (reserved.status_code, reserved.json()["organisation"]["pathPrefixes"]) == (200, [prefix])
    released = http_admin.delete(f"{url}/{prefix}")
    assert (released.status_code, released.json()) == (200, {"organisation": organisation})
    again = http_admin.delete(f"{url}/{prefix}")
    assert (again.status_code, http_reason(again)) == (404, "PATH_NOT_RESERVED")


def test_a_path_in_use_or_taken_is_refused(http_admin: httpx.Client, organisation: dict[str, Any]) -> None:
    """Where another organisation has pages nothing is reserved; nor is what another has reserved, or what is no prefix."""
    url = f"/v1/organisations/{organisation['id']}/paths"
    in_use = http_admin.post(url, json={"prefix": "guidance"})
    assert (in_use.status_code, http_reason(in_use)) == (400, "PATH_IN_USE")
    wrong = http_admin.post(url, json={"prefix": "/guidance"})
    assert (wrong.status_code, wrong.json()["details"][1]["fieldViolations"][0]["field"]) == (400, "prefix")
    other = http_admin.post("/v1/organisations", json={"slug": f"other-{uuid.uuid4().hex}", "name": "Other"}).json()[
        "organisation"
    ]
    prefix = organisation["slug"]
    http_admin.post(url, json={"prefix": prefix}).raise_for_status()
    taken = http_admin.post(f"/v1/organisations/{other['id']}/paths", json={"prefix": prefix})
    assert (taken.status_code, http_reason(taken)) == (409, "PREFIX_TAKEN")


def test_a_reserved_path_is_refused_to_others(edge: Edge, http_admin: httpx.Client, organisation: dict[str, Any]) -> None:
    """An author of another organisation gets a 403 for a document there, and the organisation itself may make one."""
    prefix = organisation["slug"]
    http_admin.post(f"/v1/organisations/{organisation['id']}/paths", json={"prefix": prefix}).raise_for_status()
    document = {"contentType": "harbour_guide", "path": f"/{prefix}/berths", "title": "Berths"}
    with closing(edge.client("author@example.gov")) as author:
        grants = author.get("/v1/auth/me").json()["account"]["grants"]
        refused = author.post("/v1/documents", json=document | {"organisationId": grants[0]["organisationId"]})
    assert (refused.status_code, http_reason(refused)) == (403, "PATH_RESERVED")
    made = http_admin.post("/v1/documents", json=document | {"organisationId": organisation["id"]})
    assert (made.status_code, made.json()["document"]["path"]) == (201, f"/{prefix}/berths")


@pytest.mark.parametrize(("email", "status"), [("", 401), ("publisher@example.gov", 403)])
def test_only_an_admin_of_all_changes_organisations(edge: Edge, organisation: dict[str, Any], email: str, status: int) -> None:
    """Nobody else changes an organisation, or reserves and releases its paths."""
    url = f"/v1/organisations/{organisation['id']}"
    with closing(edge.client(email)) as client:
        answers = [
            client.patch(url, params={"updateMask": "name"}, json={"name": "Harbours"}),
            client.post(f"{url}/paths", json={"prefix": organisation["slug"]}),
            client.delete(f"{url}/paths/{organisation['slug']}"),
        ]
    assert [answer.status_code for answer in answers] == [status] * 3
