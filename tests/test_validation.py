"""Validation: the contract's rules, and what cannot be stored or said in JSON (C2, C4, C15)."""

from __future__ import annotations

import math

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.access.v1.access_pb2 import PERMISSION_DOCUMENTS_READ as READ
from gazette.auth.v1.service_account_pb2 import CreateApiKeyRequest
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest
from gazette.content.v1.document_import_pb2 import ImportedDocument
from gazette.content.v1.document_pb2 import Document, LiveState
from server.rpc.failures import InvalidArgument
from server.rpc.numbers import INEXACT
from server.rpc.requests.validation import MAX_NESTING, validate

GOOD = Document(
    organisation_id="0190a5a0-0000-7000-8000-000000000000", content_type="guide", path="/guidance/a", title="A", locale="en"
)


def create(**changed: object) -> CreateDocumentRequest:
    request = CreateDocumentRequest(document=GOOD)
    request.document.MergeFrom(Document(**changed))  # type: ignore[arg-type]
    return request


def fields(request: Message) -> dict[str, str]:
    with pytest.raises(InvalidArgument) as caught:
        validate(request)
    return dict(caught.value.violations)


def nested(depth: int) -> Struct:
    struct = Struct()
    inner = struct
    for _ in range(depth - 1):
        inner = inner.get_or_create_struct("a")
    inner["end"] = 1
    return struct


def test_a_good_request_passes() -> None:
    """What keeps the rules passes."""
    validate(create(tags=["a", "b"], body="Grüße 👋"))


@pytest.mark.parametrize("path", ["guidance", "/a//b", "/a/", "/.git", "/a/../b", "/a b", "/a?b", "/é", "//"])
def test_paths(path: str) -> None:
    """A path that no page could have is refused, and the field is named."""
    request = create()
    request.document.path = path
    assert list(fields(request)) == ["document.path"]


@pytest.mark.parametrize("path", ["/", "/a", "/guidance/living-in-fiji--2", "/a_b/c.cy", "/406beacon"])
def test_paths_that_are_good(path: str) -> None:
    """Paths as governments use them pass."""
    request = create()
    request.document.path = path
    validate(request)


def test_every_field_is_named() -> None:
    """All that is wrong is told at once, each with its field."""
    request = create(locale="English", tags=["x", "x"], attachments=["nothing"])
    assert set(fields(request)) >= {"document.tags", "document.attachments[0]"}


def test_a_rule_of_the_whole_message() -> None:
    """What is wrong with a message as a whole is told without a field, and not as if one were missing."""
    gone = ImportedDocument(document=GOOD, source="a.html", live_state=LiveState.LIVE_STATE_GONE, preserves_suffix=True)
    gone.document.translation_key = GOOD.organisation_id
    with pytest.raises(InvalidArgument) as caught:
        validate(gone)
    ((field, why),) = caught.value.violations
    assert field == ""
    assert caught.value.message == why
    assert "REDIRECTED" in why


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not(number: float) -> None:
    """Non-finite numbers are refused wherever they stand."""
    details = Struct()
    details.get_or_create_list("values").append(number)
    assert fields(create(details=details)) == {"document.details.values[0]": "is not a finite number"}


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**53 + 1, 10**17 + 1, 2**63 - 1, -(2**63), 2**64 - 2048])
def test_numbers_that_may_have_been_others(number: int) -> None:
    """A whole number beyond what a double tells apart from its neighbours is refused with its place; what is larger than any
    counter is a double, and stays (C15)."""
    details = Struct()
    details.update({"a": {"b": [0, 0.1, 2**53 - 1, float(number)]}})
    assert fields(create(details=details)) == {"document.details.a.b[3]": INEXACT}
    details.update({"a": {"b": [2**53 - 1, -(2**53) + 1, -0.0, 0.1, 1e22, 6.02214076e23, -1.7e308, 2.0**64, 5e-324]}})
    validate(create(details=details))


def test_nesting() -> None:
    """Details may nest sixteen deep and no deeper."""
    validate(create(details=nested(MAX_NESTING)))
    assert all("nested more than 16 deep" in reason for reason in fields(create(details=nested(MAX_NESTING + 1))).values())


def test_zero_characters() -> None:
    """U+0000, which PostgreSQL cannot store, is refused in every string."""
    details = Struct()
    details["note"] = "a\0b"
    assert fields(create(details=details)) == {"document.details.note": "contains U+0000"}
    assert fields(create(summary="a\0b")) == {"document.summary": "contains U+0000"}
    assert fields(create(tags=["a\0b"])) == {"document.tags": "contains U+0000"}


@pytest.mark.parametrize(("seconds", "nanos"), [(10**15, 0), (-(10**15), 0), (0, -1), (0, 10**9)])
def test_times_that_are_none(seconds: int, nanos: int) -> None:
    """A time beyond the years 1 to 9999, or with more than a second of nanoseconds, is refused and not a failure of ours."""
    request = CreateApiKeyRequest(
        account_id=GOOD.organisation_id, name="a", scopes=[READ], expire_time=Timestamp(seconds=seconds, nanos=nanos)
    )
    assert fields(request) == {"expire_time": "is out of range"}


@pytest.mark.parametrize(("seconds", "nanos"), [(5, -5), (5, 10**9), (10**15, 0)])
def test_durations_that_are_none(seconds: int, nanos: int) -> None:
    """A duration whose parts have two signs, or that lasts for 10,000 years, is refused."""
    overlap = Duration(seconds=seconds, nanos=nanos)
    request = CreateApiKeyRequest(account_id=GOOD.organisation_id, name="a", scopes=[READ], overlap=overlap)
    assert fields(request) == {"overlap": "is out of range"}
