"""Redirects over HTTP, as whoever follows Location meets them (C13)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import grpc
import httpx
import pytest

from gazette.content.v1.document_import_pb2 import (
    ImportDocumentsRequest,
    ImportDocumentsResponse,
    ImportedDocument,
    ImportOptions,
)
from gazette.content.v1.document_pb2 import LiveState
from tests.content.desk import imported
from tests.edge import Edge
from tests.polling import wait_until

REDIRECTED = LiveState.LIVE_STATE_REDIRECTED


@pytest.fixture(scope="module")
def bring_in(edge: Edge) -> Iterator[Callable[..., list[str]]]:
    """Imports into an installation behind Envoy; yields why each part was refused."""
    with closing(edge.client("admin@example.gov")) as client, grpc.insecure_channel(edge.grpc) as channel:
        organisation_id = client.get("/v1/organisations").json()["organisations"][0]["id"]
        stub: Any = channel.stream_unary(
            "/gazette.content.v1.ContentService/ImportDocuments",
            request_serializer=ImportDocumentsRequest.SerializeToString,
            response_deserializer=ImportDocumentsResponse.FromString,
        )

        def bring_in(*parts: ImportedDocument) -> list[str]:
            requests = [ImportDocumentsRequest(options=ImportOptions(organisation_id=organisation_id))]
            for part in parts:
                part.document.content_type = "harbour_guide"
                requests.append(ImportDocumentsRequest(document=part))
            answer = stub(iter(requests), metadata=(("authorization", client.headers["authorization"]),))
            return [result.reason for result in answer.results]

        yield bring_in


@pytest.fixture
def root() -> str:
    return f"/over-http-{uuid.uuid4().hex}"


def arrived(edge: Edge, asked: str, path: str) -> httpx.Response:
    """The page at this path, where a client that follows redirects arrives after one hop once both workers have heard of it."""
    with httpx.Client(base_url=edge.http, timeout=30, follow_redirects=True) as client:
        answers: list[httpx.Response] = []

        def is_there() -> bool:
            answers.append(client.get(f"/v1/pages{asked}"))
            answer = answers[-1]
            is_page = answer.status_code == 200 and answer.json()["page"]["path"] == path
            return is_page and [each.status_code for each in answer.history] == [301]

        wait_until(is_there)
    return answers[-1]


def test_a_moved_page_in_its_language(edge: Edge, bring_in: Callable[..., list[str]], root: str) -> None:
    """Who asks for a page in Welsh where it was gets it in Welsh where it is, whatever languages there are at either place."""
    english, welsh, key = {"locale": "en"}, {"locale": "cy", "title": "Cymraeg"}, str(uuid.uuid4())
    parts = [imported(f"{root}/{path}", key=key, said=said) for said in (english, welsh) for path in ("a", "b", "c")]
    assert bring_in(*parts) == [""] * 6
    for at in ("a", "b"):
        answer = arrived(edge, f"{root}/{at}?locale=cy", f"{root}/c")
        assert (answer.json()["page"]["locale"], answer.json()["page"]["title"]) == ("cy", "Cymraeg")
        assert answer.history[0].json()["redirect"]["locale"] == "cy"
        assert arrived(edge, f"{root}/{at}", f"{root}/c").json()["page"]["locale"] == "en"
        assert arrived(edge, f"{root}/{at}?locale=en", f"{root}/c").json()["page"]["locale"] == "en"
    alone = imported(f"{root}/old", live_state=REDIRECTED, location=f"{root}/only", said={"locale": "cy"})
    assert bring_in(alone, imported(f"{root}/only")) == ["", ""]
    assert arrived(edge, f"{root}/old?locale=cy", f"{root}/only").json()["page"]["locale"] == "en"


def test_query_and_fragment(edge: Edge, bring_in: Callable[..., list[str]], root: str) -> None:
    """A target with a query and a fragment is arrived at, and tells both; what is kept of the path goes before them."""
    query = "x=1&locale=fr&path=%2Fz&y=%26%C3%A9&anyLocale=maybe&a.b=c"
    page, deep = imported(f"{root}/page"), imported(f"{root}/page/deep")
    whole = imported(f"{root}/whole", live_state=REDIRECTED, location=f"{root}/page?{query}#part")
    welsh = imported(f"{root}/welsh", live_state=REDIRECTED, location=f"{root}/page?x#y", said={"locale": "cy"})
    prefix = imported(
        f"{root}/prefix", live_state=REDIRECTED, location=f"{root}/page?x=1#f", covers_prefix=True, preserves_suffix=True
    )
    assert bring_in(page, deep, whole, welsh, prefix) == [""] * 5
    answer = arrived(edge, f"{root}/whole", f"{root}/page")
    assert answer.history[0].json()["redirect"]["location"] == f"{root}/page?{query}#part"
    assert answer.url.params["query"] == query
    assert answer.url.fragment == "part"
    answer = arrived(edge, f"{root}/welsh?locale=cy", f"{root}/page")
    assert answer.history[0].headers["location"] == f"/v1/pages{root}/page?query=x#y"
    assert bring_in(imported(f"{root}/page", said={"locale": "cy"})) == [""]
    with httpx.Client(base_url=edge.http, timeout=30) as client:
        asked = f"/v1/pages{root}/welsh?locale=cy"
        wanted = f"/v1/pages{root}/page?locale=cy&anyLocale=true&query=x#y"
        wait_until(lambda: client.get(asked).headers["location"] == wanted)
    assert arrived(edge, f"{root}/welsh?locale=cy", f"{root}/page").json()["page"]["locale"] == "cy"
    answer = arrived(edge, f"{root}/prefix/deep", f"{root}/page/deep")
    assert answer.history[0].json()["redirect"]["location"] == f"{root}/page/deep?x=1#f"


def test_the_home_page(edge: Edge, bring_in: Callable[..., list[str]], root: str) -> None:
    """A redirect to the home page leads to it, and not to the list of pages."""
    home = imported("/", said={"locale": "gd", "title": "Dachaigh"})  # in a language that no other test asks for
    to_it = imported(f"{root}/to-it", live_state=REDIRECTED, location="/?x#y", said={"locale": "gd"})
    assert bring_in(home, to_it) == ["", ""]
    answer = arrived(edge, f"{root}/to-it?locale=gd", "/")
    assert answer.json()["page"]["title"] == "Dachaigh"
    assert answer.history[0].headers["location"] == "/v1/pages:home?locale=gd&anyLocale=true&query=x#y"
    with httpx.Client(base_url=edge.http, timeout=30) as client:
        assert client.head("/v1/pages:home?locale=gd").status_code == 200
        assert "pages" in client.get("/v1/pages/").json()


def test_what_is_asked_for_with_a_query(edge: Edge, bring_in: Callable[..., list[str]], root: str) -> None:
    """A query of the request's own is none of GetPage's parameters and is refused, at a redirect as at a page; `query` is for
    what a redirect led to, changes no answer, and is not carried on."""
    here = imported(f"{root}/here", live_state=REDIRECTED, location=f"{root}/page")
    assert bring_in(imported(f"{root}/page"), here) == ["", ""]
    arrived(edge, f"{root}/here", f"{root}/page")
    with httpx.Client(base_url=edge.http, timeout=30) as client:
        for path in ("page", "here"):
            assert client.get(f"/v1/pages{root}/{path}?utm_source=x").status_code == 400
        answer = client.get(f"/v1/pages{root}/here?query=utm_source%3Dx")
        assert (answer.status_code, answer.headers["location"]) == (301, f"/v1/pages{root}/page")
        assert "etag" not in answer.headers
        plain, asked = client.get(f"/v1/pages{root}/page"), client.get(f"/v1/pages{root}/page?query=utm_source%3Dx")
        assert (plain.headers["etag"], plain.json()) == (asked.headers["etag"], asked.json())
        assert client.get(f"/v1/pages{root}/page?query={'x' * 4097}").status_code == 400
