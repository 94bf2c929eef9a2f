"""What is refused before anything is sent: by file, with the reason, and the rest goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.importer.govuk import conversion
from server.importer.sources import Refused, read
from tests.importer.sources import converted, details, item


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON: Expecting property name enclosed in double quotes in line 1"),
        (b"[]", "is not a JSON object"),
        (b'"\xff"', "is not UTF-8: byte 1, in line 1, is ff (invalid start byte)"),
        (b'{"a": 1, "a": 2}', "has the member 'a' twice in one object"),
        (b'{"a": NaN}', "has the number NaN, which JSON does not know"),
        (b'{"a": 1e999}', "has the number 1e999, which a double does not hold"),
        (b'{"a": 9007199254740993}', "has the number 9007199254740993, which a double does not hold"),
        (b'{"a": 1152921504606846976}', "has the number 1152921504606846976, which a double does not hold"),
        (b'{"a": 0.12345678901234567890123}', "has the number 0.12345678901234567890123, which a double does not hold"),
        (b'{"a": "\\ud800"}', "has a lone surrogate in a string"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is nested too deep"),
    ],
)
def test_a_file_that_is_no_json_object_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    """Whatever a Struct could not keep as it is, is refused too."""
    file = tmp_path / "item.json"
    file.write_bytes(content)
    with pytest.raises(Refused) as refused:
        read(file)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"title": ""}, "title is empty"),
        ({"title": None}, "title is empty"),
        ({"base_path": None}, "base_path is not a string"),
        ({"content_id": "tides"}, "content_id is not a UUID"),
        ({"details": []}, "details is not an object"),
        ({"details": {"govuk": 1}}, "details has a member govuk, where the importer keeps what no field of a document says"),
        ({"links": {"parent": "x"}}, "links.parent is not an array"),
        ({"links": {"parent": ["x"]}}, "links.parent[0] is neither an object nor a content id"),
        ({"links": {"parent": [{"links": []}]}}, "links.parent[0].links is not an object"),
        ({"document_type": "redirect"}, "redirects is empty: it leads nowhere"),
        (
            {"redirects": [{"path": "/a", "destination": "/b", "type": "exact"}]},
            "redirects is not empty, but document_type is not redirect",
        ),
        ({"document_type": "redirect", "redirects": [{"path": "/a"}]}, "redirects has an element without path or destination"),
        (
            {"document_type": "redirect", "redirects": [{"path": "/a", "destination": "/b", "type": "loose"}]},
            "redirects has an element whose type is neither exact nor prefix",
        ),
        ({"details": {"a": [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}}, "details are nested more than 16 deep"),
    ],
)
def test_an_item_that_is_wrong_is_named_and_the_rest_goes_on(changed: dict[str, Any], reason: str) -> None:
    """One refusal, and one document of the other file."""
    made = converted(item(**changed), item(content_id=None, base_path="/ebb", title="Ebb"))
    assert made.refusals == [("0.json", reason)]
    assert [document.source for document in made.documents] == ["1.json"]


@pytest.mark.parametrize("member", ["base_path", "content_id", "document_type", "locale", "title"])
def test_an_item_that_lacks_a_member_is_refused(member: str) -> None:
    """These name the document, and its page."""
    lacking = {name: value for name, value in item().items() if name != member}
    assert converted(lacking).refusals == [("0.json", f"{member} is missing")]


@pytest.mark.parametrize(
    "target",
    [
        {"content_id": None, "title": "Elsewhere", "base_path": "/elsewhere", "locale": "en"},
        {"title": "Elsewhere", "url": "https://elsewhere.example"},
        {"content_id": "6f1d2c3b-0000-4000-8000-000000000001", "title": "", "base_path": "/elsewhere", "locale": "en"},
        {"content_id": "6f1d2c3b-0000-4000-8000-000000000001", "title": "A", "base_path": "/else where", "locale": "en"},
        {"content_id": "6f1d2c3b-0000-4000-8000-000000000001", "title": "A", "base_path": "https://a.example", "locale": "en"},
        {"content_id": "6f1d2c3b-0000-4000-8000-000000000001", "title": "A", "base_path": "/a", "locale": "?"},
    ],
)
def test_a_target_that_can_be_no_document_is_kept_and_refuses_nothing(target: dict[str, Any]) -> None:
    """A bad target is no reason to refuse the item that links to it."""
    made = converted(item(links={"related": [target]}))
    assert not made.refusals
    [document] = made.documents
    assert details(document)["govuk"]["links"]["/related/0"] == target


def test_every_file_of_a_folder_is_counted(tmp_path: Path) -> None:
    """Files are named by their path within the folder."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "bad.json").write_text("")
    (tmp_path / "notes.txt").write_text("not a source")
    made = conversion.read(tmp_path, {})
    assert made.files == 1
    assert made.refusals == [("deep/bad.json", "is not JSON: Expecting value in line 1")]
