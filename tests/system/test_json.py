"""What JSON Envoy lets through: I-JSON (RFC 7493)."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.envoy.render import HERE
from tests.edge import Edge
from tests.json_bodies import body, office, told
from tests.json_texts import BODIES, DUPLICATES, NO_TEXTS, NO_VALUES, NUMBERS, VALUES

__all__ = ["office"]


@pytest.mark.parametrize(
    ("texts", "most"), [(NO_VALUES, 200), (NUMBERS, 22), (DUPLICATES, 10)], ids=["malformed", "numbers", "duplicates"]
)
def test_what_is_no_json_in_details(http_admin: httpx.Client, office: dict[str, str], texts: list[bytes], most: int) -> None:
    """Texts that are not JSON, numbers that a double does not hold and members that come twice are refused by name, wherever
    they stand (C15)."""
    assert len(texts) > most
    wrong = {}
    for at, text in enumerate(texts):
        place, details = ("a.b[3]", b'{"a":{"b":[0,"",{},%b]}}') if at % 2 else ("c", b'{"c":%b}')
        status, reason, field = told(http_admin.post("/v1/documents", content=body(office, details % text)))
        named = "" if texts is NO_VALUES else f"details.{place}"
        if (status, reason) != (400, "INVALID_JSON") or not field.startswith(named):
            wrong[text] = (status, reason, field)
    assert wrong == {}


def test_what_is_json_comes_back(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """Whatever JSON may look like, it is accepted, and comes back with the same values (C15)."""
    answer = http_admin.post("/v1/documents", content=body(office, b'{"all":[' + b",".join(VALUES) + b"]}"))
    assert answer.status_code == 201, answer.text
    found = http_admin.get(f"/v1/documents/{answer.json()['document']['id']}").json()["document"]["details"]
    assert found == {"all": [json.loads(text) for text in VALUES]}


def test_json_of_strings_that_are_no_texts(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """JSON may hold characters that no text may have: that is said of them where they stand, and not of the JSON (C11)."""
    answer = http_admin.post("/v1/documents", content=body(office, b'{"all":[' + b",".join(NO_TEXTS) + b"]}"))
    assert told(answer)[:2] == (400, "INVALID_ARGUMENT")
    named = [each["field"] for each in answer.json()["details"][1]["fieldViolations"]]
    assert named == [f"details.all[{at}]" for at in range(len(NO_TEXTS))]


def test_whole_bodies(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """A body is one object, or for a stream one array, of UTF-8; without one, nothing is said (C15)."""
    for text in BODIES:
        status, reason, _ = told(http_admin.post("/v1/documents", content=text))
        assert (status, reason) == (400, "INVALID_JSON"), text
    for path in ("/v1/auth/logout", "/v1/auth/refresh"):
        assert told(http_admin.post(path, content=b"{},"))[1] == "INVALID_JSON"
    for text in (b'{"options":{}}', b"null", b"[{}", b"[{}]]", b"[3]"):
        assert told(http_admin.post("/v1/documents:import", content=text))[1] == "INVALID_JSON", text
    assert told(http_admin.post("/v1/documents", content=b""))[1] == "INVALID_ARGUMENT"
    with_mark = http_admin.post("/v1/documents", content=b"\xef\xbb\xbf\r\n" + body(office, b"{}"))
    assert with_mark.status_code == 201


def test_integers_of_64_bits(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """A large integer of the contract is a string in JSON, as it is when it comes back."""
    said = b',"live":{"recordNumber":"9223372036854775807"}'
    assert http_admin.post("/v1/documents", content=body(office, b"{}", said)).status_code == 201


def test_nesting(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """What is nested too deep is refused by the scan where protobuf could not read it, and else by the contract's bound."""
    depths = {15: "", 16: "INVALID_ARGUMENT", 30: "INVALID_ARGUMENT", 31: "INVALID_JSON", 100_000: "INVALID_JSON"}
    for depth, reason in depths.items():
        for opens, closes in ((b"[", b"]"), (b'{"a":', b"}")):
            details = b'{"a":' + opens * depth + b"1" + closes * depth + b"}"
            answer = http_admin.post("/v1/documents", content=body(office, details))
            assert (told(answer)[1] if reason else answer.status_code) == (reason or 201), (depth, opens)


def test_bounds_of_the_scan(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """Names, numbers and values are taken as far as docs/limits.md says, and one more is refused."""
    said = {*office, "path", "details"}
    texts = {
        b'{"%b":1}' % (b"n" * 65_536): 201,
        b'{"%b":1}' % (b"n" * 65_537): "INVALID_JSON",
        b'{"a":1.%b}' % (b"0" * 998): 201,
        b'{"a":1.%b}' % (b"0" * 999): "INVALID_JSON",
        b'{"a":[%b]}' % b",".join([b"1"] * (50_000 - 2 - len(said))): "INVALID_ARGUMENT",  # the server's own bound
        b'{"a":[%b]}' % b",".join([b"1"] * (50_000 - 1 - len(said))): "INVALID_JSON",
    }
    for details, expected in texts.items():
        answer = http_admin.post("/v1/documents", content=body(office, details))
        assert (answer.status_code if answer.status_code == 201 else told(answer)[1]) == expected, details[:40]


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-16", "application/json;charset=ISO-8859-1", 'a/b; charset="latin1"']
)
def test_other_encodings(http_admin: httpx.Client, office: dict[str, str], kind: str) -> None:
    """A body that says it is not UTF-8, or is compressed, is 415; what else its content type says changes nothing."""
    send = http_admin.post("/v1/documents", content=body(office, b"{}"), headers={"content-type": kind})
    assert (send.status_code, send.json()["details"][0]["reason"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    packed = http_admin.post("/v1/documents", content=body(office, b"{}"), headers={"content-encoding": "gzip"})
    assert packed.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
    for good in (
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "text/plain",
        "application/x-www-form-urlencoded",
    ):
        headers = {"content-type": good, "content-encoding": "identity"}
        assert http_admin.post("/v1/documents", content=body(office, b"{}"), headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *((path, "application/json") for path in ("/v1/documents/", "/v1/documents//", "/v1/documents/.", "/v1/./documents/?")),
        *(("/v1/documents", f"application/grpc{kind}") for kind in (";a", "; charset=utf-8", "-", "-a", "-web;a", "-web+json")),
        ("/v1/documents/", "application/grpc-webb"),
    ],
)
def test_all_that_reaches_the_transcoder_is_looked_at(
    http_admin: httpx.Client, office: dict[str, str], path: str, kind: str
) -> None:
    """However a path ends for the transcoder, and whatever it does not take for gRPC."""
    headers = {"content-type": kind}
    assert http_admin.post(path, content=body(office, b'{"a":1}'), headers=headers).status_code == 201
    answer = http_admin.post(path, content=body(office, b'{"a":1,}'), headers=headers)
    assert told(answer) == (400, "INVALID_JSON", "details.a")
    changed = {"update_mask": "details"}
    answer = http_admin.patch(f"/v1/documents/{uuid.uuid4()}/", params=changed, content=b"{'details':{}}", headers=headers)
    assert told(answer)[:2] == (400, "INVALID_JSON")


def test_any_cut(edge: Edge, http_admin: httpx.Client, office: dict[str, str]) -> None:
    """However a body is cut into pieces on its way, it is judged alike."""
    chance = random.Random(11)
    good = b'{"x":["a\\u00e9\\ud83d\\ude00","\xc3\xa9\xf0\x9f\x98\x80",-12.5e3,true,null,{"n\\u0061me":1}]}'
    bad = [good.replace(b"n\\u0061me", b'n":0,"\\u006e'), good.replace(b"null", b"nul"), good.replace(b"\\ude00", b"\\u0041")]

    def pieces(text: bytes) -> Iterator[bytes]:
        while text:
            length = chance.choice([1, 1, 2, 3, 5])
            yield text[:length]
            text = text[length:]

    for _ in range(3):
        made = http_admin.post("/v1/documents", content=pieces(body(office, good)))
        assert made.json()["document"]["details"] == json.loads(good)
        for text in bad:
            assert told(http_admin.post("/v1/documents", content=pieces(body(office, text))))[:2] == (400, "INVALID_JSON")


def test_a_large_body(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """A fault at the end of a megabyte is found, and says where; without it the body is accepted."""
    text = body(office, b'{"a":1}', b',"body":"' + b"One line of it.\\n" * 55_000 + b'"')
    assert http_admin.post("/v1/documents", content=text).status_code == 201
    bad = text[:-2] + b',"a":2}}'
    answer = http_admin.post("/v1/documents", content=bad)
    assert told(answer) == (400, "INVALID_JSON", "details.a")
    assert answer.json()["details"][0]["metadata"]["offset"] == str(bad.rindex(b'a":2'))


def test_a_fault_in_a_stream(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """A part of an import that is no JSON ends the stream, and is named with its number. What is uploaded need be no JSON."""
    options: dict[str, Any] = {"options": {"organisationId": office["organisationId"]}}
    parts = json.dumps([options, {"document": {"document": {"details": {"a": 0}}}}]).encode()
    assert http_admin.post("/v1/documents:import", content=parts).status_code == 200
    answer = http_admin.post("/v1/documents:import", content=parts.replace(b'"a": 0', b'"a": 1e400'))
    assert told(answer) == (400, "INVALID_JSON", "[1].document.document.details.a")
    upload = http_admin.post(
        f"/v1/files:upload?organisationId={office['organisationId']}&name=a.txt",
        content=b'{"a":1,}',
        headers={"content-type": "text/plain"},
    )
    assert told(upload)[1] == "FILE_TYPE_NOT_ALLOWED"  # it was read, and is no file of a kind that may be stored


def test_every_body_is_known() -> None:
    """The scan has a line for each method that takes JSON: what it does not know it lets through."""
    paths = json.loads((HERE.parents[1] / "docs" / "openapi.json").read_text())["paths"]
    declared = {
        f"{verb.upper()} {path}"
        for path, methods in paths.items()
        for verb, method in methods.items()
        if "application/json" in method.get("requestBody", {}).get("content", {})
    }
    lines = [line.split() for line in (HERE / "routes.txt").read_text().splitlines()]
    known = {f"{verb} {path}" for verb, path, _, body, *_ in lines if not body.endswith(("-", ":google.api.HttpBody"))}
    declared, known = ({re.sub(r"{[^}]*}", "{}", each) for each in some} for some in (declared, known))
    assert known >= declared
    assert known - declared <= {"POST /v1/documents:import"}
    assert len(known) > 30
