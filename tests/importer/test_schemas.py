"""What becomes of GOV.UK's schemas, and which members are held to be HTML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gazette.content.v1.content_type_pb2 import ContentType
from server.content.checks.compiling import compiled
from server.importer.govuk import conversion, schemas
from server.importer.govuk.schemas import adapted
from server.importer.sources import Refused, Source
from server.rpc.requests.validation import validate
from tests.importer.sources import OWN, Read, as_dict, both, item, read


@pytest.fixture(scope="module")
def own() -> Read:
    return read(OWN)


def content_type(own: Read, name: str) -> ContentType:
    return next(each for each in own.conversion.content_types if each.name == name)


def is_right(content_type: ContentType, details: dict[str, Any]) -> bool:
    return jsonschema_rs.is_valid(as_dict(content_type.details_schema), details)


@both
def test_the_server_can_use_all_that_is_made(folder: Path) -> None:
    """Every message satisfies the contract, and every schema compiles as the server compiles it."""
    made = read(folder).conversion
    for part in made.parts():
        validate(part)
    for each in made.content_types:
        compiled(as_dict(each.details_schema))


def test_a_schema_asks_for_what_it_asked_for(own: Read) -> None:
    """What the source's schema refuses is refused: a missing body, an unknown member, a wrong kind."""
    guide = content_type(own, "guide")
    assert guide.body_member == "body"
    assert is_right(guide, {"body": "<p>x</p>"})
    assert not is_right(guide, {"fee": 3})
    assert not is_right(guide, {"body": "<p>x</p>", "colour": "red"})
    assert not is_right(guide, {"body": "<p>x</p>", "fee": "dear"})


def test_a_schema_is_relaxed_by_what_the_content_api_answers(own: Read) -> None:
    """HTML may stand alone for its renditions, a `uri` may be a path, and the remainder may be there."""
    guide = content_type(own, "guide")
    assert is_right(guide, {"body": [{"content_type": "text/html", "content": "<p>x</p>"}]})
    assert is_right(guide, {"body": "<p>x</p>", "link": "/fees", "govuk": {"phase": "live"}})
    assert not is_right(guide, {"body": "<p>x</p>", "govuk": "live"})


def test_what_is_known_from_links_need_not_be_complete(own: Read) -> None:
    """A document that says that it was only embedded may lack what the schema asks for."""
    assert is_right(content_type(own, "guide"), {"govuk": {"embedded": True}})
    assert not is_right(content_type(own, "guide"), {"govuk": {"phase": "live"}})
    assert not is_right(content_type(own, "guide"), {"govuk": {"embedded": False}})


def test_a_schema_that_its_documents_break_is_left_out(own: Read) -> None:
    """The content type allows everything then, and a note says which document broke what."""
    assert not content_type(own, "news_story").details_schema.fields
    [note] = own.conversion.notes
    assert note.startswith("content type news_story is made without a schema: news/new-lights.json does not satisfy it")
    assert "'image' was unexpected" in note


def test_a_type_of_several_schemas_takes_any_of_them() -> None:
    """Details that satisfy one of them will do; references lead each schema into itself."""
    several = [
        {
            "properties": {"size": {"$ref": "#/definitions/size"}},
            "definitions": {"size": {"type": kind}},
            "additionalProperties": False,
        }
        for kind in ("integer", "string")
    ]
    schema = adapted(several)
    assert jsonschema_rs.is_valid(schema, {"size": 3})
    assert jsonschema_rs.is_valid(schema, {"size": "large"})
    assert not jsonschema_rs.is_valid(schema, {"size": True})


def test_a_type_with_an_unknown_schema_allows_everything() -> None:
    """If one schema of several is not there, nobody knows what it would have asked for."""
    known = {"tide_table": {"type": "object", "required": ["station"]}}
    items = [item(schema_name="tide_table", details={"station": "Quay"}), item(schema_name="almanac", base_path="/moon")]
    sources = [Source(f"{at}.json", content) for at, content in enumerate(items)]
    [made] = conversion.convert(sources, known).content_types
    assert (made.name, made.title) == ("guide", "Guide")
    assert not made.details_schema.fields


def test_html_members_are_those_that_the_schema_declares_and_those_that_are_seen(own: Read) -> None:
    """Renditions, descriptions that say HTML, and strings with tags count; the body has a field of its own."""
    assert [*content_type(own, "guide").html_members] == [
        "/govuk/links/*/details/body",
        "/note",
        "/parts/*/body",
        "/parts/*/body/*/content",
    ]
    assert [*content_type(own, "organisation").html_members] == ["/logo/formatted_title"]


def test_a_sign_is_not_a_tag() -> None:
    """Text with a less-than sign stays text."""
    source = Source("tides.json", item(details={"rule": "depth < 3 m and > 1 m", "sum": "a<b"}))
    [made] = conversion.convert([source], {}).content_types
    assert not made.html_members


def test_a_schema_that_is_no_json_is_named(tmp_path: Path) -> None:
    """The folder of schemas is read as strictly as the sources."""
    (tmp_path / "guide.json").write_text(json.dumps({"type": "object"})[:-1])
    with pytest.raises(Refused, match=r"guide\.json is not JSON"):
        schemas.load(tmp_path)
