"""Publish checks have bounds: whatever a text is made of, what they take and what they say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct

from gazette.content.v1.document_pb2 import LinkTargets
from gazette.content.v1.publish_check_pb2 import PublishProblem
from server.background.processes import TooCostly
from server.content.publish_checks import checking
from server.content.publish_checks.examining import MOST_ADDRESSES, examined
from server.content.publish_checks.failures import PublishChecksFailed
from server.content.publish_checks.findings import MOST_OF_A_CHECK
from server.content.publish_checks.registry import CHECKS, Criterion
from server.content.publish_checks.registry import OFF as IS_OFF
from server.content.publish_checks.required import MAX_POINTERS, required
from server.content.publish_checks.rules import MOST_PROBLEMS
from server.rpc.objects import LargeObject, from_json
from tests.content.checking import BLOCKED, IMAGE, check, submitted
from tests.content.desk import Desk
from tests.content.examining import HTML, Said, look, subject
from tests.refusals import refused
from tools import publish_checks as page

SIZE = 300_000


def much(unit: str) -> str:
    return (unit * (SIZE // len(unit) + 1))[:SIZE]


COSTLY: Sequence[Said] = [
    Said(much(".")),
    Said(much("a. ")),
    Said(much('."')),
    Said(much("e.g. i.e. ")),
    Said(much("a-'")),
    Said(much("**a** ")),
    Said(much("[a](/b) ")[:60_000]),
    Said(much("[](/b) ")[:60_000]),
    Said("".join(f"[a{number}](/b{number}) " for number in range(15_000))),
    Said(much("![](/a) ")),
    Said(much("<b>a</b>"), HTML),
    Said(much("<p>"), HTML),
    Said(much("<h2>a</h2>"), HTML),
    Said(much('<a href="#x">a</a>'), HTML),
    Said(much('<i lang="x_">a</i>'), HTML),
    Said("<table>" + much("<tr><th>"), HTML),
    Said("<table>" + much("<tr><td>a"), HTML),
    Said("<h2>a b c d e f g h</h2>" * 10 + much("a<-><-><->"), HTML),
    Said("<h2>a a a a a a a b</h2>" * 10 + much("a a "), HTML),
    Said("<div>" * 190 + "<h2>" + much("<b>x</b> "), HTML),
    Said(much("Это предложение написано по-русски и достаточно длинное.\n\n")),
    Said(much("[a.b-"), HTML),
]


@pytest.mark.parametrize("said", COSTLY)
def test_whatever_a_text_is_made_of(said: Said) -> None:
    """No text takes long for its length, and of no check more is kept than is named (C42, C9)."""
    wanted = subject(said)
    begin = time.process_time()
    found = examined(wanted)
    # A text of a million characters, which is the most, has five seconds.
    assert time.process_time() - begin < checking.SECONDS * SIZE / 1_000_000
    assert len(found.findings.kept) <= MOST_OF_A_CHECK * len(CHECKS)
    assert len(found.links) <= MOST_ADDRESSES


async def test_what_is_large_is_looked_at_elsewhere(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long text is looked at in another process, and gives what a short one does; a short one is looked at here."""
    asked: list[Any] = []
    original = checking.PublishChecks.examined

    async def noted(self: Any, subject: Any, call: Any) -> Any:
        asked.append(checking.is_cheap(subject))
        return await original(self, subject, call)

    monkeypatch.setattr(checking.PublishChecks, "examined", noted)
    details = Struct()
    details.update({"parts": [{"number": number} for number in range(2_000)]})
    for body, given, is_here in ((BLOCKED, None, True), (BLOCKED + much("\n\nMore."), None, False), (BLOCKED, details, False)):
        document = await own_desk.create(body=body, details=given)
        answer = await check(own_desk, document)
        assert [each.line for each in answer.problems][:1] == [3]
        assert asked.pop() is is_here


async def test_what_never_ends_is_told_so(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes more computing time than it may is refused by that name: it is never published unlooked at (C41, C42)."""

    async def never(*_: Any, **__: Any) -> None:
        raise TooCostly

    document = await own_desk.create(body=BLOCKED + much("\n\nMore."))
    monkeypatch.setattr("server.background.processes.Processes.run", never)
    for call in (check(own_desk, document), submitted(own_desk, document)):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TOO_COSTLY_TO_CHECK")


async def test_no_more_problems_than_are_read(desk: Desk) -> None:
    """However many there are, an answer lists fifty, ten of a check, what blocks first, and counts all; a refusal names as many
    as a status has room for (C42)."""
    links = {"related": LinkTargets(translation_keys=[f"00000000-0000-4000-8000-{number:012}" for number in range(100)])}
    words = " ".join(f"[here](/{desk.root}-{number}) [x](#{number}) [](/b)" for number in range(100))
    body = f"# A\n\n### B\n\n{words}\n\n" + "###\n\n#### D\n\n![](/a)\n\n" * 30 + "**Bold**\n\n" * 20
    document = await desk.create(body=body, links=links)
    answer = await check(desk, document)
    assert len(answer.problems) == MOST_PROBLEMS
    levels = [each.level for each in answer.problems]
    assert levels == sorted(levels, reverse=True)
    assert {each.count for each in answer.results} >= {30, 100}
    refusal = await refused(submitted(desk, document))
    assert len(refusal.status.SerializeToString()) < 4_096


def test_a_refusal_fits_into_a_header() -> None:
    """Places and messages of any length are cut."""
    told = [PublishProblem(check=IMAGE, field="f" * 9_000, message="m" * 9_000, element="e" * 9_000) for _ in range(50)]
    assert PublishChecksFailed(told).status().ByteSize() < 4_096


def test_what_a_schema_requires() -> None:
    """Required members are found through properties, items, `allOf` and references, each once, and no recursion goes on for
    ever."""
    schema = {
        "required": ["a/b", "c"],
        "properties": {"c": {"$ref": "#/definitions/c"}, "d": {"type": "array", "items": {"required": ["e"]}}},
        "allOf": [{"required": ["f", "c"]}],
        "definitions": {"c": {"required": ["g"], "properties": {"h": {"$ref": "#/definitions/c"}}}},
    }
    found = required(schema)
    assert found[:3] == ["/f", "/c", "/a~1b"]
    assert {"/c/g", "/c/h/g", "/d/*/e"} <= {*found}
    assert len(found) == len({*found}) < 20
    wide = {"properties": {f"p{number}": {"required": ["x"]} for number in range(5_000)}}
    assert len(required(wide)) == MAX_POINTERS
    assert required({"required": [1], "properties": [], "items": [{}], "$ref": "https://elsewhere/"}) == []


def test_large_objects_are_looked_at_too() -> None:
    """Details that are kept as text are looked at as others are."""
    details = {"parts": [{"body": "<p>a"}, {"body": '<img src="/a.png">'}]}
    said = Said(details=details, html_members=["/parts/*/body"])
    large = subject(said)._replace(details=from_json(details), html_details=from_json(details))
    assert isinstance(large.details, LargeObject)
    assert examined(large).findings.kept == look(said).findings.kept


def test_the_page_lists_every_check() -> None:
    """docs/publish-checks.md shows the table of checks as it is; mend it with python -m tools.publish_checks."""
    text = page.PAGE.read_text()
    assert page.page(text) == text


def test_criteria_are_those_of_wcag() -> None:
    """The numbers, names and levels of the criteria are those of WCAG 2.2."""
    known = {
        Criterion("1.1.1", "Non-text Content", "A"),
        Criterion("1.3.1", "Info and Relationships", "A"),
        Criterion("2.4.4", "Link Purpose (In Context)", "A"),
        Criterion("2.4.2", "Page Titled", "A"),
        Criterion("2.4.6", "Headings and Labels", "AA"),
        Criterion("2.4.9", "Link Purpose (Link Only)", "AAA"),
        Criterion("3.1.1", "Language of Page", "A"),
        Criterion("3.1.2", "Language of Parts", "AA"),
        Criterion("3.1.5", "Reading Level", "AAA"),
    }
    assert {each.criterion for each in CHECKS.values()} - {None} == known
    assert [check for check, each in CHECKS.items() if each.level == IS_OFF] == [15]
