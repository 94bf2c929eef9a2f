"""Uploads as Envoy hands them on from HTTP: the request's body in pieces, its length in a header."""

from __future__ import annotations

import hashlib

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_service_pb2 import UploadFileContentRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from tests.files.uploading import PNG, assert_nothing_left
from tests.refusals import refused
from tests.service import Service


def body(organisation_id: str, content: bytes, name: str = "harbour.png") -> list[UploadFileContentRequest]:
    """What Envoy makes of a request body that comes in two pieces."""
    first = UploadFileContentRequest(organisation_id=organisation_id, name=name, content=HttpBody(data=content[:1000]))
    return [first, UploadFileContentRequest(content=HttpBody(data=content[1000:]))]


async def test_a_request_body_is_stored_alike(service: Service) -> None:
    """The HTTP form of an upload makes the same file."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    length = ("x-declared-length", str(len(PNG)))

    answer = await FileServiceStub(service.channel).UploadFileContent(
        iter(body(organisation_id, PNG)), metadata=(*author.metadata, length)
    )

    assert (answer.file.size_bytes, answer.file.sha256) == (len(PNG), hashlib.sha256(PNG).hexdigest())


@pytest.mark.parametrize(
    ("length", "reason", "field"),
    [
        ("", "LENGTH_REQUIRED", "content-length"),
        ("-5", "LENGTH_REQUIRED", "content-length"),
        ("٣", "LENGTH_REQUIRED", "content-length"),
        ("0", "INVALID_ARGUMENT", "size_bytes"),
        (str(len(PNG) + 1), "SIZE_MISMATCH", "content-length"),
        (str(len(PNG) - 1), "SIZE_MISMATCH", "content-length"),
    ],
)
async def test_a_request_body_needs_its_true_length(service: Service, length: str, reason: str, field: str) -> None:
    """A body that was cut off cannot pass for a whole one."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    given = (("x-declared-length", length),) if length.isascii() and length else ()

    refusal = await refused(
        FileServiceStub(service.channel).UploadFileContent(
            iter(body(organisation_id, PNG)), metadata=(*author.metadata, *given)
        )
    )

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert list(refusal.fields) == [field]
    await assert_nothing_left(service)


async def test_a_request_body_is_described_by_the_rules_of_the_contract(service: Service) -> None:
    """What the first message of an UploadFile may not be, the query of an HTTP upload may not be either."""
    author = await service.account(role=Role.ROLE_AUTHOR)
    length = ("x-declared-length", str(len(PNG)))

    refusal = await refused(
        FileServiceStub(service.channel).UploadFileContent(
            iter(body("no-uuid", PNG, name="")), metadata=(*author.metadata, length)
        )
    )

    assert set(refusal.fields) == {"organisation_id", "name"}
    await assert_nothing_left(service)
