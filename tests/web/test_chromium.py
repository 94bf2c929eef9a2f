"""A day at two sites of other origins than Gazette's: the TypeScript client in Chromium, and all that went over the wire."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.web import pictures, reporting
from tests.web.bundling import Bundler
from tests.web.origins import Origins
from tests.web.scripts import CLIENTS, said
from tools.node import Node

pytestmark = pytest.mark.web

LARGE = pictures.large()
AUTHOR = "author@example.gov"
WIDTH = 100
TIDES = {"title": "Tide tables", "html": "<p>High water is at <strong>six</strong>.</p>\n"}


@dataclass(frozen=True)
class Day:
    """Every step, in order: who took it where, what was seen, and its requests."""

    steps: list[dict[str, Any]]

    def saw(self, step: str) -> Any:
        return self.step(step)["saw"]

    def step(self, named: str) -> dict[str, Any]:
        return next(each for each in self.steps if each["step"] == named)

    def calls(self, step: str) -> list[str]:
        """What was asked, preflights apart: `GetMe 16` is a call of gRPC-Web that failed."""
        return [call(each) for each in self.step(step)["requests"] if each["method"] != "OPTIONS"]

    def requests(self) -> list[tuple[str, dict[str, Any]]]:
        """All requests, each with the origin of its page."""
        return [(step["origin"], each) for step in self.steps for each in step["requests"]]

    def told(self) -> str:
        """The day, for people."""
        lines, place = [], ""
        for step in self.steps:
            if step["origin"] != place:
                place = step["origin"]
                lines.append(place)
            lines.append(f"  {step['step']}: {shortened(json.dumps(step['saw']))}")
            lines += [f"    {each['method']:<7} {outcome(each):<12} {urlsplit(each['url']).path}" for each in step["requests"]]
        return "\n".join(lines)


def call(request: dict[str, Any]) -> str:
    return f"{urlsplit(request['url']).path.rpartition('/')[2]} {request.get('grpcStatus', '')}".strip()


def is_picture(request: dict[str, Any]) -> bool:
    """Whether an element of a page asked for it, which needs nobody's leave."""
    return "/versions/" in urlsplit(request["url"]).path


def shortened(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"


def outcome(request: dict[str, Any]) -> str:
    if "failed" in request:
        return str(request["failed"])
    grpc = f" grpc {request['grpcStatus']}" if "grpcStatus" in request else ""
    return f"{request['status']}{' cached' if request.get('cached') else ''}{grpc}"


@pytest.fixture(scope="module")
def day(chromium: str, node: Node, bundler: Bundler, origins: Origins, given: dict[str, str]) -> Day:
    bundler.bundle("journey.ts", "chromium", origins.folder / "journey.js")
    (origins.folder / "journey.html").write_text((CLIENTS / "page.html").read_text().replace("client.js", "journey.js"))
    (origins.folder / "waves.png").write_bytes(LARGE)
    sites = {"front": origins.front, "console": origins.console, "stranger": origins.stranger}
    told = {**given, **sites, "path": "/guidance/tides"}
    return Day(said(["node", str(CLIENTS / "journey.mjs")], told, {**node.environment(), "CHROMIUM": chromium}))


def test_every_answer_is_for_the_origin_of_its_page(day: Day, origins: Origins, request: pytest.FixtureRequest) -> None:
    """Each answer names the origin that asked, and none says `*`. The day is printed at the end of the run."""
    reporting.show(request.node, "a day in Chromium", day.told())
    answered = [(origin, each) for origin, each in day.requests() if "failed" not in each and not is_picture(each)]
    assert {origin for origin, each in answered} == {origins.front, origins.console}
    assert all(each["allowed"] == origin for origin, each in answered)
    begun = day.saw("uploads in pieces")["begun"]
    assert [call(each) for _, each in day.requests() if "failed" in each] == ["files:upload", begun, "moor-a-boat"]


def test_another_site_reads_nothing(day: Day) -> None:
    """A page of an origin that is not let in has no answer, since none names it: the browser keeps it back."""
    step = "a site that is not let in reads a page"
    assert day.saw(step) == {"error": "TypeError"}
    (request,) = day.step(step)["requests"]
    assert request["failed"] == "MissingAllowOriginHeader"


def test_the_public_reads_a_page(day: Day) -> None:
    """Who has not signed in reads a page by one call, and what is not there is a NotFound with its reason."""
    assert day.saw("reads a page as the public")["title"] == "Apply for a mooring"
    assert day.calls("reads a page as the public") == ["GetPage"]
    nothing = day.saw("looks where nothing is")
    assert (nothing["error"], nothing["reason"]) == ("NotFound", "PAGE_NOT_FOUND")
    assert nothing["requestId"]


def test_two_origins_share_a_cache(day: Day) -> None:
    """What one site's pages have put into the browser's cache serves that site again, and does not keep it from the other."""
    (again,) = day.step("reads it over HTTP again")["requests"]
    assert again["cached"]
    (other,) = day.step("reads it over HTTP, through the other site's cache")["requests"]
    assert (other["status"], day.saw("reads it over HTTP, through the other site's cache")) == (
        200,
        day.saw("reads it over HTTP"),
    )


def test_preflights_are_kept(day: Day) -> None:
    """A page asks once whether it may call a method: later calls go out without."""
    assert [each["method"] for each in day.step("writes at a path that is none")["requests"]] == ["OPTIONS", "POST"]
    assert [each["method"] for each in day.step("writes")["requests"]] == ["POST"]


def test_a_picture_is_uploaded_with_progress(day: Day) -> None:
    """The upload tells how far it is on the way, ends with all of it, and what comes back is what was sent."""
    uploaded, downloaded = day.saw("uploads a picture"), day.saw("downloads the picture")
    digest = hashlib.sha256(LARGE).hexdigest()
    assert (uploaded["size"], uploaded["sha256"]) == (len(LARGE), digest)
    progress = uploaded["progress"]
    assert len(progress) > 2
    assert progress == sorted(progress)
    assert 0 < progress[0] < progress[-1] == 1
    assert downloaded == {"size": len(LARGE), "bytes": len(LARGE), "sha256": digest}


def test_an_upload_in_pieces_goes_on(day: Day) -> None:
    """What was given up in the middle of a piece is gone on with by its id, tells how far it is, and arrives as it was sent.

    A piece that began before the server had kept the end of the one given up is refused, and sent again, once.
    """
    saw = day.saw("uploads in pieces")
    assert saw["first"]["error"] == "Cancelled"
    assert saw["sha256"] == hashlib.sha256(LARGE).hexdigest()
    calls = day.calls("uploads in pieces")
    tries = calls.count("GetUpload")
    assert tries in {1, 2}
    assert calls == ["CreateUpload", saw["begun"], *(["GetUpload", saw["begun"]] * tries)]
    assert sum(after < before for before, after in pairwise(saw["progress"])) < tries
    assert saw["progress"][-1] == 1


def test_a_page_shows_its_picture_in_the_width_it_needs(day: Day) -> None:
    """The browser chooses from `srcset` an address of the file's version, and shows it; its alternative text is there."""
    saw = day.saw("looks at a picture")
    assert "/versions/1" in saw["source"]
    assert saw["naturalWidth"] > 0
    assert (saw["alt"], saw["lazy"]) == ("A red sun goes down beside a dark pier", True)
    assert "w," in saw["srcset"]


def test_an_upload_is_given_up(day: Day) -> None:
    """An upload that is given up is Cancelled, and the browser has broken off its request: nothing else was sent."""
    assert day.saw("gives an upload up")["error"] == "Cancelled"
    (request,) = (each for each in day.step("gives an upload up")["requests"] if each["method"] == "POST")
    assert request["failed"] == "given up"
    assert "status" not in request


def test_errors_are_typed(day: Day) -> None:
    """An error is of its class, with the reason and the field; another is of another class."""
    wrong = day.saw("writes at a path that is none")
    assert (wrong["error"], wrong["reason"]) == ("InvalidArgument", "INVALID_ARGUMENT")
    assert [each["field"] for each in wrong["fields"]] == ["document.path"]
    stale = day.saw("approves what has changed since")
    assert (stale["error"], stale["code"], stale["reason"]) == ("StaleEtag", "ABORTED", "STALE_ETAG")


def test_a_refused_token_is_renewed_once(day: Day) -> None:
    """Three calls with a token that has ended are refused, wait for one renewal, and succeed."""
    step = "goes on with a token that the server refuses"
    assert day.saw(step) == [AUTHOR] * 3
    calls = day.calls(step)
    assert sorted(calls) == ["GetMe"] * 3 + ["GetMe 16"] * 3 + ["RefreshToken"]


def test_a_token_whose_end_is_known_is_not_sent(day: Day) -> None:
    """Where the client knows that the token has ended, it renews it before the calls, of which none is refused."""
    step = "goes on with a token whose end is known"
    assert day.saw(step) == [AUTHOR] * 3
    assert day.calls(step) == ["RefreshToken", "GetMe", "GetMe", "GetMe"]


def test_what_is_written_reviewed_and_published_is_read_at_the_other_site(day: Day) -> None:
    """Three people bring a page to the public, and the other site reads it."""
    assert day.saw("publishes")["live"] == "/guidance/tides"
    assert day.saw("reads what was published") == day.saw("reads it at the other site") == TIDES
