"""Publish checks in tests: short ways to what a document is told, and to publishing in spite of it."""

from __future__ import annotations

from typing import Any

from google.rpc import error_details_pb2

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.publish_check_pb2 import (
    CheckDocumentRequest,
    CheckDocumentResponse,
    PublishCheck,
    PublishCheckLevel,
    PublishCheckSetting,
    PublishProblem,
)
from server.content.publish_checks.registry import name
from tests.content.desk import Desk
from tests.refusals import Refusal
from tests.service import Person

OFF = PublishCheckLevel.PUBLISH_CHECK_LEVEL_OFF
WARN = PublishCheckLevel.PUBLISH_CHECK_LEVEL_WARN
BLOCK = PublishCheckLevel.PUBLISH_CHECK_LEVEL_BLOCK
IMAGE = PublishCheck.PUBLISH_CHECK_IMAGE_WITHOUT_ALTERNATIVE
HEADING = PublishCheck.PUBLISH_CHECK_HEADING_EMPTY
LEVEL = PublishCheck.PUBLISH_CHECK_HEADING_LEVEL_SKIPPED
DEAD = PublishCheck.PUBLISH_CHECK_LINK_DEAD
BLOCKED = "Words.\n\n![](/a.png)"
"""A body that a check blocks by default."""
REASON = "The picture is described in the text."


async def check(desk: Desk, document: Document, by: Person | None = None, revision: int = 0) -> CheckDocumentResponse:
    request = CheckDocumentRequest(id=document.id, revision_number=revision)
    answer = await desk.documents.CheckDocument(request, metadata=(by or desk.author).metadata)
    assert isinstance(answer, CheckDocumentResponse)
    return answer


async def problems(desk: Desk, document: Document) -> dict[str, list[PublishProblem]]:
    """What is found, by the names of the checks."""
    found: dict[str, list[PublishProblem]] = {}
    for each in (await check(desk, document)).problems:
        found.setdefault(name(each.check), []).append(each)
    return found


def submission(document: Document, **how: Any) -> rpc.SubmitDocumentRequest:
    return rpc.SubmitDocumentRequest(id=document.id, etag=document.etag, **how)


def publication(document: Document, **how: Any) -> rpc.PublishDocumentRequest:
    return rpc.PublishDocumentRequest(id=document.id, etag=document.etag, **how)


async def submitted(desk: Desk, document: Document, by: Person | None = None, **how: Any) -> rpc.SubmitDocumentResponse:
    metadata = (by or desk.author).metadata
    answer = await desk.documents.SubmitDocument(submission(document, **how), metadata=metadata)
    assert isinstance(answer, rpc.SubmitDocumentResponse)
    return answer


async def published(desk: Desk, document: Document, by: Person | None = None, **how: Any) -> rpc.PublishDocumentResponse:
    metadata = (by or desk.publisher).metadata
    answer = await desk.documents.PublishDocument(publication(document, **how), metadata=metadata)
    assert isinstance(answer, rpc.PublishDocumentResponse)
    return answer


async def approved(desk: Desk, body: str = BLOCKED, **said: Any) -> Document:
    """A new document that was approved though a check blocks it."""
    document = await desk.create(f"{desk.root}/{desk.service.unique('blocked')}", body=body, **said)
    answer = await submitted(desk, document, desk.admin, override_checks=[IMAGE], override_reason=REASON)
    return await desk.approve(answer.document)


def setting(check: PublishCheck.ValueType, level: PublishCheckLevel.ValueType, threshold: int = 0) -> PublishCheckSetting:
    return PublishCheckSetting(check=check, level=level, threshold=threshold)


def violations(refusal: Refusal) -> list[error_details_pb2.PreconditionFailure.Violation]:
    told = error_details_pb2.PreconditionFailure()
    for detail in refusal.status.details:
        detail.Unpack(told)  # of its own kind alone
    return [*told.violations]
