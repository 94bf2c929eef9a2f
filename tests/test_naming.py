"""How callers over HTTP read the names of fields."""

from __future__ import annotations

import pytest

import gazette.auth.v1.auth_service_pb2
import gazette.content.v1.content_service_pb2
import gazette.files.v1.file_service_pb2  # noqa: F401 - its import makes its methods known
from server.content.preconditions import Unready
from server.rpc.failures import FailedPrecondition, InvalidArgument, Violation
from server.rpc.texts.naming import DECLARED, camel, over_http

CONTENT = "/gazette.content.v1.ContentService/"


@pytest.mark.parametrize(
    ("method", "declared", "written"),
    [
        ("UpdateDocument", "document.body_format", "bodyFormat"),
        ("UpdateDocument", "document.tags[2]", "tags[2]"),
        ("UpdateDocument", "document.id", "id"),
        ("UpdateDocument", "update_mask", "updateMask"),
        ("UpdateDocument", "document", ""),
        ("UpdateDocument", "document.details.opening_hours[0].day_of_week", "details.opening_hours[0].day_of_week"),
        ("UpdateDocument", "document.details/opening_hours", "details/opening_hours"),
        ("UpdateDocument", "document.links[used_by].translation_keys[0]", "links[used_by].translationKeys[0]"),
        ("UpdateDocument", "document.nothing_known", "nothing_known"),
        ("UpdateDocument", "idempotency-key", "idempotency-key"),
        ("UpdateDocument", "x-min-record-number", "x-min-record-number"),
        ("MergeDocument", "document.id", "id"),
        ("MergeDocument", "document.body_format", "document.bodyFormat"),
        ("UpdateComment", "comment.id", "id"),
        ("UpdateComment", "document_id", "documentId"),
        ("UpdateComment", "comment.quote_begin", "quoteBegin"),
        ("PublishDocument", "force_reason", "forceReason"),
        ("PublishDocument", "draft.blocking_comments", "draft.blockingComments"),
        ("PublishDocument", "document.body:12 (//img)[1]", "document.body:12 (//img)[1]"),
        ("ListDocuments", "page_size", "pageSize"),
        ("ListDocuments", "document", "document"),
        ("ImportDocuments", "document.document.body_format", "document.document.bodyFormat"),
        ("UpdateDocument", "", ""),
    ],
)
def test_fields(method: str, declared: str, written: str) -> None:
    """A field is written as HTTP has it, without the body's own field; what is the caller's own stays as it is."""
    assert over_http(CONTENT + method).field(declared) == written
    assert DECLARED.field(declared) == declared


def test_bytes() -> None:
    """A body that is no JSON has its field's name: nothing in it has another."""
    assert over_http("/gazette.files.v1.FileService/UploadFileContent").field("content") == "content"


def test_sentences() -> None:
    """In a sentence it is what stands in backticks, if it is a field's name."""
    names = over_http(CONTENT + "PublishDocument")
    said = "`force` needs `force_reason`, and force_reason is not `no_field` or `document.no_field`"
    assert names.text(said) == "`force` needs `forceReason`, and force_reason is not `no_field` or `document.no_field`"
    assert over_http(CONTENT + "UpdateDocument").text("`document.body_format` and `document`") == "`bodyFormat` and `document`"
    assert DECLARED.text(said) == said


def test_a_failure_says_it_everywhere() -> None:
    """Message, violations and what the metadata names agree; what was raised is as it was."""
    wrong = Violation("document.body_format", "is not `update_mask`'s")
    failure = InvalidArgument(wrong, Violation("document", "is required"), field="document.body_format", other="a_b")
    failure.names = over_http(CONTENT + "UpdateDocument")
    status = failure.status()
    assert status.message == "bodyFormat: is not `updateMask`'s; The body is required"
    assert b"body_format" not in status.SerializeToString()
    assert b"a_b" in status.SerializeToString()
    assert failure.violations[0] == wrong


def test_preconditions() -> None:
    """What a precondition is about is written so, too, and what each of several failures names."""
    unready = Unready([FailedPrecondition(reason="BLOCKING_COMMENTS"), InvalidArgument(Violation("document.body_format", "x"))])
    unready.names = over_http(CONTENT + "SubmitDocument")
    told = unready.status().SerializeToString()
    assert b"draft.blockingComments" in told
    assert b"document.bodyFormat" in told
    assert b"body_format" not in told


def test_camel() -> None:
    """Names are those of protobuf's JSON mapping."""
    written = {"a": "a", "a_b": "aB", "sha256": "sha256", "a_1b": "a1b", "next_page_token": "nextPageToken"}
    assert {name: camel(name) for name in written} == written
