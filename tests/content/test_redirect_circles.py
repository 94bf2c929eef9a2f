"""Redirects never run in a circle: one is refused when it would be closed, by whatever way (C13)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from itertools import pairwise

import pytest
from google.protobuf.json_format import MessageToDict

from gazette.content.v1.document_import_pb2 import ImportedDocument
from server.content.failures import RedirectLoop
from server.delivery.pages import circles
from tests.content.desk import Desk
from tests.content.redirecting import CREATED, UPDATED, get, is_circle, leads_to, page, redirect
from tests.publishing import put_redirect
from tests.refusals import refused


async def test_circles_are_refused(desk: Desk) -> None:
    """A redirect that would close a circle of any length is refused by its field, with the circle; nothing of it is stored."""
    root, chain = desk.root, [f"/c{number}" for number in range(30)]
    await desk.bring_in(*(redirect(desk, here, there) for here, there in pairwise(chain)))
    before = len(await desk.record())
    (result,) = await desk.bring_in(redirect(desk, "/self", "/self/?x#y"))
    assert is_circle(result, f"{root}/self", f"{root}/self")
    (result,) = await desk.bring_in(redirect(desk, chain[-1], chain[-2]))
    assert is_circle(result, root + chain[-1], root + chain[-2], root + chain[-1])
    (result,) = await desk.bring_in(redirect(desk, chain[-1], chain[0]))
    told = [root + path for path in [chain[-1], *chain[:7]]]
    assert is_circle(result, *told, "…", root + chain[-2], root + chain[-1])
    assert len(await desk.record()) == before
    assert (await refused(get(desk, chain[-1]))).reason == "PAGE_NOT_FOUND"


@pytest.mark.parametrize(
    ("there", "last", "circle"),
    [
        # A prefix and a path below it.
        ([("/b", "/a/x", "")], ("/a", "/b", "covers"), ["/a", "/b", "/a/x", "/b"]),
        ([("/a", "/b", "covers")], ("/b", "/a/x", ""), ["/b", "/a/x", "/b"]),
        ([], ("/a", "/a/b", "covers"), ["/a", "/a/b", "/a/b"]),
        # Ends that are kept.
        ([("/b/x", "/a/x", "")], ("/a", "/b", "keeps"), ["/a/x", "/b/x", "/a/x"]),
        ([("/a", "/b", "keeps")], ("/b/x", "/a/x", ""), ["/b/x", "/a/x", "/b/x"]),
        ([("/a", "/b", "keeps")], ("/b", "/a", "keeps"), ["/b", "/a", "/b"]),
        ([("/b", "/c", "keeps"), ("/c/x", "/d", "keeps"), ("/d/y", "/a/x/y", "")], ("/a", "/b", "keeps"),
         ["/a/x/y", "/b/x/y", "/c/x/y", "/d/y", "/a/x/y"]),
        # Deeper with each hop, and never where it was.
        ([], ("/a", "/a/b", "keeps"), ["/a", "/a/b", "/a/b/b"]),
        ([("/b", "/a/x", "keeps")], ("/a", "/b", "keeps"), ["/a", "/b", "/a/x", "/b/x"]),
        ([("/a/b", "https://example.gov/", "")], ("/a", "/a/b", "keeps"), ["/a/…", "/a/b/…", "/a/b/b/…"]),
    ],
)  # fmt: skip
async def test_circles_with_prefixes(
    desk: Desk, there: Sequence[tuple[str, str, str]], last: tuple[str, str, str], circle: Sequence[str]
) -> None:
    """A prefix is followed as what it answers for below it, whichever part of the circle comes last."""

    def part(path: str, location: str, how: str) -> ImportedDocument:
        return redirect(desk, path, location, covers=how == "covers", keeps=how == "keeps")

    results = await desk.bring_in(*(part(*each) for each in there), part(*last))
    assert [result.outcome for result in results[:-1]] == [CREATED] * len(there)
    assert results[-1].reason == "REDIRECT_LOOP"
    how, _, told = results[-1].message.removeprefix("document.location: ").partition(": ")
    assert told.startswith(" → ".join(desk.root + place for place in circle)), told
    is_closed = circle[-1] in circle[:-1]
    assert how == ("leads back to where it comes from" if is_closed else "leads on without an end")
    (honest,) = await desk.bring_in(part(last[0], "/elsewhere", last[2]))
    assert honest.outcome == CREATED


async def test_prefixes_that_lead_nowhere_twice(desk: Desk) -> None:
    """What looks like a circle and is none is published: a page half-way, a nearer redirect, a prefix that is passed twice."""
    results = await desk.bring_in(
        page(desk, "/a/b"),
        redirect(desk, "/a", "/a/b", covers=True),
        redirect(desk, "/b", "/c", keeps=True),
        redirect(desk, "/c/x", "/b/y"),
        redirect(desk, "/d/e", "https://example.gov/", keeps=True),
        redirect(desk, "/d", "/d/e", keeps=True),
    )
    assert [result.reason for result in results[:-1]] == [""] * 5
    assert results[-1].reason == ""
    assert await leads_to(desk, "/b/x", "/c/y")
    assert await leads_to(desk, "/d/z", "https://example.gov/z", told="")
    assert await leads_to(desk, "/a/q", "/a/b")


async def test_circles_of_languages(desk: Desk) -> None:
    """A redirect leads to its own language, or else to any: a circle is one where that comes to one."""
    welsh = {"locale": "cy"}
    results = await desk.bring_in(redirect(desk, "/a", "/b", said=welsh), redirect(desk, "/b", "/a"))
    assert results[1].reason == "REDIRECT_LOOP"
    results = await desk.bring_in(page(desk, "/b", said=welsh), redirect(desk, "/b", "/a"))
    assert [result.reason for result in results] == ["", ""]
    assert await leads_to(desk, "/b", "/b", told="cy")
    (result,) = await desk.bring_in(redirect(desk, "/a", "/a", said={"locale": "gd"}))
    assert is_circle(result, f"{desk.root}/a", f"{desk.root}/a")


async def test_a_move_back(desk: Desk) -> None:
    """A document that moved can come back, and one that moved cannot be made to lead back to where it was, or to what leads
    there."""
    key = str(uuid.uuid4())
    there, back = [page(desk, path, key=key, said={"title": path}) for path in ("/b", "/a")]
    results = await desk.bring_in(page(desk, "/a", key=key), there, back)
    assert [result.outcome for result in results] == [CREATED, UPDATED, UPDATED]
    assert (await desk.page(f"{desk.root}/a")).HasField("page")
    assert await leads_to(desk, "/b", "/a")
    (result,) = await desk.bring_in(redirect(desk, "/c", "/b", key=key))
    assert is_circle(result, f"{desk.root}/c", f"{desk.root}/b", f"{desk.root}/c")
    (result,) = await desk.bring_in(redirect(desk, "/c", "/d", key=key))
    assert result.outcome == UPDATED
    for path in ("/a", "/b", "/c"):
        assert await leads_to(desk, path, "/d")


async def test_a_prefix_that_moves(desk: Desk) -> None:
    """A redirect that covers what is below it and moves covers that at its old path too."""
    key = str(uuid.uuid4())
    results = await desk.bring_in(
        redirect(desk, "/a", "/end", keeps=True, key=key), redirect(desk, "/b", "/end", keeps=True, key=key)
    )
    assert [result.outcome for result in results] == [CREATED, UPDATED]
    assert await leads_to(desk, "/a/x", "/end/x")
    (result,) = await desk.bring_in(redirect(desk, "/end/x", "/a/x"))
    assert is_circle(result, *(f"{desk.root}{path}" for path in ("/end/x", "/a/x", "/b/x", "/end/x")))
    away = "https://example.gov"
    (there, result) = await desk.bring_in(redirect(desk, "/c/y", "/b/y"), redirect(desk, "/c", away, keeps=True, key=key))
    assert there.outcome == CREATED
    assert is_circle(result, *(f"{desk.root}{path}" for path in ("/a/y", "/c/y", "/b/y", "/c/y")))


async def test_two_that_lead_to_each_other_at_once(desk: Desk) -> None:
    """Of two redirects that would close a circle and are published at the same moment one is refused, each time."""
    for number in range(8):
        here, there = f"/x{number}", f"/y{number}"
        outcomes = await asyncio.gather(desk.bring_in(redirect(desk, here, there)), desk.bring_in(redirect(desk, there, here)))
        assert sorted(results[0].reason for results in outcomes) == ["", "REDIRECT_LOOP"]


async def test_circles_that_were_stored(desk: Desk) -> None:
    """What was stored before circles were refused is answered as what is not there, however one comes to it."""
    root, database = desk.root, desk.service.database
    await put_redirect(database, f"{root}/a", f"{root}/b")
    await put_redirect(database, f"{root}/b", f"{root}/a")
    await put_redirect(database, f"{root}/p", f"{root}/p/x", covers=True)
    await put_redirect(database, f"{root}/in", f"{root}/a")
    for path in ("/a", "/b", "/p/q", "/in"):
        assert (await refused(get(desk, path))).reason == "PAGE_NOT_FOUND"
    (result,) = await desk.bring_in(redirect(desk, "/new", "/in"))
    assert result.reason == "REDIRECT_LOOP"


async def test_looking_for_circles_has_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix below which more is met than is looked at is published all the same."""
    monkeypatch.setattr(circles, "MAX_STATEMENTS", 3)
    results = await desk.bring_in(
        *(redirect(desk, f"/b/{number}", "/end") for number in range(4)), redirect(desk, "/a", "/b", keeps=True)
    )
    assert [result.reason for result in results] == [""] * 5
    assert await leads_to(desk, "/a/3", "/end")


def test_a_refusal_has_an_end() -> None:
    """A refusal names the beginning and the end of a long circle."""
    way = [f"/{number}" for number in range(100)]
    for places, end in (([*way, "/7"], "/6 → /7 → … → /99 → /7"), (way, "/6 → /7 → …")):
        (violation,) = MessageToDict(next(iter(RedirectLoop(places).details())))["fieldViolations"]
        assert violation["field"] == "document.location"
        assert violation["description"].endswith(end)


async def test_a_search_has_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """All other publications wait for it: when its time is over the redirect is published, and a circle, if it is one, is
    answered as what is not there."""
    monkeypatch.setattr(circles, "SECONDS", 0.0)
    results = await desk.bring_in(redirect(desk, "/a", "/b"), redirect(desk, "/b", "/a"))
    assert [result.outcome for result in results] == [CREATED] * 2
    for path in ("/a", "/b"):
        assert (await refused(get(desk, path))).reason == "PAGE_NOT_FOUND"
