"""What a refusal may hold: enough to mend the request, and never more than a client can take."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import Document
from tests.refusals import refused
from tests.service import Service


@pytest.mark.parametrize(
    "details",
    [
        {"wrong": ["\0"] * 5000},
        {"x" * 100_000: float("nan")},
        {"ÿ" * 100_000: {"é": float("inf")}},
    ],
    ids=["many", "long", "not ASCII"],
)
async def test_a_refusal_is_short(service: Service, details: dict[str, Any]) -> None:
    """However much is wrong with a request, the answer says INVALID_ARGUMENT and where, in headers that every client takes."""
    author = await service.account(role=Role.ROLE_AUTHOR)
    document = Document(organisation_id=await service.organisation(), content_type="guide", title="A", path="/a")
    document.details.update(details)
    call = ContentServiceStub(service.channel).CreateDocument(
        CreateDocumentRequest(document=document), metadata=author.metadata, timeout=5
    )
    refusal = await refused(call)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
    assert refusal.fields
    assert all(field.startswith("document.details.") for field in refusal.fields)
