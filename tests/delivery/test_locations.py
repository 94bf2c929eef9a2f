"""Where redirects lead, whatever is asked for below them (C13): never a fault, never another host, never what is no header."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Any
from urllib.parse import urljoin, urlsplit

import grpc
import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportOptions, ImportOutcome
from gazette.content.v1.document_pb2 import LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse
from gazette.delivery.v1.page_pb2 import Redirect
from server.delivery.failures import PageNotFound
from server.delivery.pages import rules
from server.delivery.pages.locations import MAX_LENGTH, location
from tests.content.desk import Desk, imported
from tests.edge import Edge
from tests.publishing import put_redirect
from tests.service import Service

REDIRECTED, GONE = LiveState.LIVE_STATE_REDIRECTED, LiveState.LIVE_STATE_GONE
SITE = "https://www.example.gov"
TARGETS = ["/", "/new", "/new/", "/new?a=1#b", "/new#b?c", "https://example.org", "https://example.org/x/?a=/b#c", "/a/../new"]
TRAPS = ["/", "//", "///evil.example", "\\evil.example", "..", ".", "%2e%2e", "%2f", "%2F%2Fevil.example", "%5c", ";", "?", "#"]
TRAPS += [
    "%",
    "%zz",
    "%C3%A9",
    "%ff",
    "\r\n",
    "%0D%0A",
    "\t",
    "%09",
    "\x7f",
    "%7F",
    " ",
    "<script>",
    "é",
    "@",
    ":",
    "&",
    "a" * 60,
]
ENDS = st.one_of(
    st.text(max_size=60), st.lists(st.one_of(st.sampled_from(TRAPS), st.text(max_size=4)), max_size=12).map("".join)
)


def is_sound(made: str, target: str) -> bool:
    """Whether a browser is sent to the host that was meant, by a header that is one."""
    there = urlsplit(urljoin(f"{SITE}/somewhere", made))
    meant = urlsplit(urljoin(f"{SITE}/somewhere", target))
    is_header = made.isascii() and made.isprintable() and not set(made) & set(' <>"\\^`{|}') and len(made) <= MAX_LENGTH
    return is_header and not made.startswith("//") and there[:2] == meant[:2] and "/../" not in f"{there.path}/"


@given(target=st.sampled_from(TARGETS), end=ENDS)
@example("/", "//evil.example/x")
@example("/", "/\\evil.example/x")
@example("/new", "漢" * 511)
def test_whatever_stands_below(target: str, end: str) -> None:
    """A location is sound or there is none, and what has been made stays what it is."""
    made = location(target, f"/{end}")
    if made is not None:
        assert is_sound(made, target)
        assert location(made) == made
        assert ("?" in made, "#" in made) == ("?" in target, "#" in target)


@given(st.text(max_size=60).map(lambda end: f"/{end}") | st.text(max_size=60).map(lambda end: f"https://{end}") | ENDS)
def test_whatever_was_stored(target: str) -> None:
    """A target that was stored is made sound, or leads nowhere: over HTTP that is 404."""
    made = location(target)
    answer = GetPageResponse(redirect=Redirect(location=target))
    if made is None:
        with pytest.raises(PageNotFound):
            rules.http_headers(answer, 1, 30)
        return
    assert is_sound(made, made)
    assert location(made) == made
    assert dict(rules.http_headers(answer, 1, 30))["location"] == rules.http_location(made)


@pytest.mark.parametrize(
    ("target", "end", "made"),
    [
        ("/new", "/a/b", "/new/a/b"),
        ("/new/", "/a", "/new/a"),
        ("/new?q=1#part", "/a", "/new/a?q=1#part"),
        ("/new#part?", "/a", "/new/a#part?"),
        ("https://example.org?q=1", "/a", "https://example.org/a?q=1"),
        ("https://example.org:8443/x", "/a", "https://example.org:8443/x/a"),
        ("/new", "/é ü", "/new/%C3%A9%20%C3%BC"),
        ("/new", "/100%", "/new/100%25"),
        ("/new", "/a%3fb", "/new/a%3Fb"),
        ("/new", "/a?b#c;d=e,f", "/new/a%3Fb%23c;d=e,f"),
        ("/new", "/<script>", "/new/%3Cscript%3E"),
        ("/", "//evil.example/x", "/evil.example/x"),
        ("/", "/\\evil.example", "/%5Cevil.example"),
        ("/a/../b/./c", "", "/b/c"),
        ("/.//evil.example", "", "/evil.example"),
        ('/a b"<é>', "", "/a%20b%22%3C%C3%A9%3E"),
        ("/new", "", "/new"),
        ("https://example.org/", "", "https://example.org/"),
    ],
)
def test_locations(target: str, end: str, made: str) -> None:
    """What follows goes into the path, before query and fragment; what may not stand there is encoded, once."""
    assert location(target, end) == made


@pytest.mark.parametrize(
    "end", ["/..", "/../x", "/a/%2e%2e/x", "/..%2fx", "/%252e%252e", "/..;a/x", "/a\r\nb", "/%0d%0a", "/\x7f", "/.", "/a\tb"]
)
def test_ends_that_name_nothing(end: str) -> None:
    """What leads out of where it stands, or cannot be seen, is no path of anything."""
    assert location("/new", end) is None


@pytest.mark.parametrize(
    "target",
    ["", "new", "//evil.example", "/\\evil.example", "http://a.example", "javascript:alert(1)", "https://", "https://a@b.example",
     "https://a b", "https://a\\b", "https://exämple.org", "https://a:b", "/a\nb", "https://[::1", "/" + "a" * MAX_LENGTH],
)  # fmt: skip
def test_targets_that_are_none(target: str) -> None:
    """What is neither a path of the site nor an https URL leads nowhere."""
    assert location(target) is None


async def asked(service: Service, path: str, **metadata: str) -> tuple[dict[str, str], GetPageResponse | grpc.aio.AioRpcError]:
    """The initial metadata, and the answer or why there is none."""
    stub = service.channel.unary_unary(
        "/gazette.delivery.v1.DeliveryService/GetPage",
        request_serializer=GetPageRequest.SerializeToString,
        response_deserializer=GetPageResponse.FromString,
    )
    call: Any = stub(GetPageRequest(path=path))
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return {}, error
    return dict(await call.initial_metadata()), answer


async def test_over_grpc(service: Service, root: str) -> None:
    """Below redirects that keep what follows, every path is redirected soundly, or there is nothing at it."""
    targets = [*TARGETS, "//evil.example", "javascript:alert(1)", "/a b\r\nset-cookie: a"]
    for at, target in enumerate(targets):
        path = f"{root}/old-{at}"
        await put_redirect(service.database, path, target, covers=True, preserves=True)
        for end in ("", *TRAPS, "/".join(TRAPS), "漢" * 400):
            _, answer = await asked(service, f"{path}/{end}"[:512])
            if isinstance(answer, grpc.aio.AioRpcError):
                assert answer.code() == grpc.StatusCode.NOT_FOUND, (target, end)
            else:
                assert is_sound(answer.redirect.location, target), (target, end)
                assert target in TARGETS


async def test_what_cannot_be_a_location_is_not_published(service: Service) -> None:
    """A redirect, or a hint where to look instead, that no answer could tell is refused by its field; one that can is told
    encoded, and exported as it was given."""
    desk = await Desk.opened(service)
    parts = [
        imported(f"{desk.root}/r{at}", live_state=state, location=target)
        for at, target in enumerate(("https://a@evil.example/", "https://a:b", "https://["))
        for state in (REDIRECTED, GONE)
    ]
    for result in await desk.bring_in(*parts):
        assert (result.outcome, result.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, "INVALID_LOCATION")
        assert result.message.startswith("location")
    (taken,) = await desk.bring_in(imported(f"{desk.root}/fine", live_state=REDIRECTED, location='/x/../"<y>"?a=<b>'))
    assert taken.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED
    assert (await desk.page(f"{desk.root}/fine")).redirect.location == "/%22%3Cy%3E%22?a=%3Cb%3E"


@pytest.fixture(scope="module")
def old(edge: Edge) -> str:
    """Paths of redirects that keep what follows, one for each target, in an installation behind Envoy; without their number."""
    root = f"/old-{uuid.uuid4().hex}"
    with closing(edge.client("admin@example.gov")) as client, grpc.insecure_channel(edge.grpc) as channel:
        organisation_id = client.get("/v1/organisations").json()["organisations"][0]["id"]
        requests = [ImportDocumentsRequest(options=ImportOptions(organisation_id=organisation_id))]
        for at, target in enumerate(TARGETS):
            part = imported(f"{root}-{at}", live_state=REDIRECTED, location=target, covers_prefix=True, preserves_suffix=True)
            part.document.content_type = "harbour_guide"
            requests.append(ImportDocumentsRequest(document=part))
        stub: Any = channel.stream_unary(
            "/gazette.content.v1.ContentService/ImportDocuments",
            request_serializer=ImportDocumentsRequest.SerializeToString,
            response_deserializer=None,
        )
        stub(iter(requests), metadata=(("authorization", client.headers["authorization"]),))
    return root


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(TARGETS) - 1),
    end=st.one_of(st.binary(max_size=40), ENDS.map(lambda end: end.encode())),
    raw=st.booleans(),
)
@example(0, b"/evil.example/x", False)
@example(0, b"%2Fevil.example/x", True)
@example(1, b"%C3%A9", True)
@example(1, b"%0D%0A", True)
@example(1, b"%09", True)
@example(1, b"%7F", True)
@example(1, b"%FF", True)
@example(1, b"%2e%2e/%2e%2e/x", True)
@example(1, b"<script>", False)
def test_over_http(edge: Edge, old: str, at: int, end: bytes, raw: bool) -> None:
    """Any bytes below such a redirect are 301 to the host that was meant, or 4xx; body and header say the same. Dots may lead
    out of it, to the list of pages."""
    safe = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/;:@&=+$,!*'()" + (b"%?" if raw else b"")
    path = b"".join(bytes([each]) if each in safe else b"%%%02X" % each for each in end)
    with httpx.Client(base_url=edge.http, timeout=30) as client:
        request = client.build_request("GET", f"/v1/pages{old}-{at}/x")
        request.url = request.url.copy_with(raw_path=f"/v1/pages{old}-{at}/".encode() + path)
        answer = client.send(request)
    assert 300 <= answer.status_code < 500 or (answer.status_code == 200 and "pages" in answer.json()), answer.text
    if answer.status_code == 301:
        where, told = answer.headers["location"], answer.json()["redirect"]["location"]
        assert is_sound(told, TARGETS[at])
        assert where == rules.http_location(told, answer.json()["redirect"].get("locale", ""))
