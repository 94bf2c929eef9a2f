"""Formats in a content type's schema are asserted, whatever draft it names or none."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import grpc
import httpx
import pytest

from gazette.content.v1.document_import_pb2 import ImportOutcome
from server.content.checks.compiling import compiled
from server.content.checks.costs import cost
from server.content.checks.formats import ADDED
from tests.content.desk import Desk, imported
from tests.edge import Edge
from tests.refusals import http_reason, refused

DRAFTS = [
    None,
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]
FORMATS = {
    "date": ("2026-02-28", "2026-02-30"),
    "time": ("12:00:00Z", "25:00:00Z"),
    "date-time": ("2026-02-28T12:00:00Z", "2026-02-28 12:00"),
    "duration": ("P1DT2H", "1 day"),
    "email": ("ada@example.gov", "ada at example.gov"),
    "idn-email": ("ädä@bücher.example", "ädä"),
    "hostname": ("example.gov", "-example-.gov"),
    "idn-hostname": ("bücher.example", "-a-"),
    "ipv4": ("192.0.2.1", "192.0.2.256"),
    "ipv6": ("2001:db8::1", "2001:db8::g"),
    "uri": ("https://example.gov/a", "/a b"),
    "uri-reference": ("/a#b", "\\a"),
    "iri": ("https://bücher.example/ä", "ä b"),
    "iri-reference": ("/ä", "\\ä"),
    "uri-template": ("/a/{b}", "/a/{b"),
    "json-pointer": ("/a/0", "a"),
    "relative-json-pointer": ("1/a", "-1"),
    "regex": ("^a$", "("),
    "uuid": ("0190a5a0-0000-7000-8000-000000000000", "0190a5a0"),
}


def schema(draft: str | None, **formats: str) -> dict[str, Any]:
    named = {"$schema": draft} if draft else {}
    return {
        **named,
        "type": "object",
        "properties": {name: {"type": "string", "format": each} for name, each in formats.items()},
    }


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_format_in_every_draft(draft: str | None) -> None:
    """What the newest draft calls a format is one in each, and right values of it pass."""
    assert set(ADDED) <= set(FORMATS)
    for name, (right, wrong) in FORMATS.items():
        validator = compiled(schema(draft, a=name), is_new=True)
        assert validator.is_valid({"a": right}), name
        assert not validator.is_valid({"a": wrong}), name


def test_what_a_format_costs() -> None:
    """Formats are counted as what reads strings; a value that is compiled as a pattern is left to another process."""
    bound = cost(schema(None, a="date", b="uri"))
    assert bound is not None
    assert bound.patterns == 2
    assert cost(schema(None, a="regex")) is None


async def test_details_are_held_against_formats(desk: Desk) -> None:
    """Without a `$schema`, and with an old one, a wrong date is refused when it is saved and when it is imported, with its
    place; an empty one waits until the document is handed in."""
    for number, draft in enumerate((None, DRAFTS[1], DRAFTS[5])):
        kind = desk.kind(f"event{number}")
        await desk.content_type(kind, schema(draft, starts="date", id="uuid"))
        good = {"starts": "2026-02-28", "id": FORMATS["uuid"][0]}
        made = await desk.create(content_type=kind, details=good)
        refusal = await refused(desk.create(content_type=kind, details={"starts": "tomorrow", "id": "1"}))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_DETAILS")
        assert set(refusal.fields) == {"document.details.starts", "document.details.id"}
        unfinished = await desk.update(made, details={**good, "starts": ""})
        assert (await refused(desk.submit(unfinished))).reason == "INVALID_DETAILS"
        said = {"content_type": kind, "details": {"starts": "2026-02-30"}}
        (result,) = await desk.bring_in(imported(f"{desk.root}/event{number}", said=said))
        assert (result.outcome, result.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, "INVALID_DETAILS")


async def test_a_format_that_nothing_checks_is_refused(desk: Desk) -> None:
    """A schema that names one is not saved, and the refusal has its place; a member that is called `format` is none."""
    for draft in DRAFTS:
        refusal = await refused(desk.content_type(desk.kind("wrong"), schema(draft, a="date", b="postcode")))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SCHEMA")
        assert "/properties/b/format names a format that nothing checks: 'postcode'" in str(refusal.fields)
    costly = {**schema(None, a="regex", b="postcode")}
    assert (await refused(desk.content_type(desk.kind("wrong"), costly))).reason == "INVALID_SCHEMA"
    right = {"properties": {"format": {"enum": ["postcode", {"format": "postcode"}]}}}
    made = await desk.content_type(desk.kind("right"), right)
    assert (await refused(desk.change_content_type(made, details_schema=schema(None, a="postcode")))).reason == "INVALID_SCHEMA"


def test_over_http(edge: Edge) -> None:
    """Over HTTP both are refused as the client's fault."""
    with closing(edge.client("admin@example.gov")) as admin:
        wanted = {"name": "formats_over_http", "title": "Formats", "detailsSchema": schema(None, a="postcode")}
        answer: httpx.Response = admin.post("/v1/content-types", json=wanted)
        assert (answer.status_code, http_reason(answer)) == (400, "INVALID_SCHEMA")
        admin.post("/v1/content-types", json={**wanted, "detailsSchema": schema(None, a="date")}).raise_for_status()
        organisation = admin.get("/v1/organisations").json()["organisations"][0]["id"]
        said = {"organisationId": organisation, "contentType": wanted["name"], "path": "/guidance/formats", "title": "A"}
        answer = admin.post("/v1/documents", json={**said, "details": {"a": "tomorrow"}})
        assert (answer.status_code, http_reason(answer)) == (400, "INVALID_DETAILS")
        assert answer.json()["message"].startswith("details.a: ")
