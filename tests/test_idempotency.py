"""Idempotency keys: callers that repeat themselves, at once or after a refusal."""

from __future__ import annotations

import asyncio
from contextlib import closing

import grpc
import pytest

from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from tests.content.desk import Desk
from tests.edge import Edge
from tests.refusals import refused
from tests.service import Service


async def test_callers_that_repeat_themselves(service: Service) -> None:
    """Twenty calls at once with one idempotency key make one document, and all get the same answer."""
    desk = await Desk.opened(service)
    metadata = (*desk.author.metadata, ("idempotency-key", "once"))
    made = await asyncio.gather(*(desk.create(f"{desk.root}/once", metadata=metadata) for _ in range(20)))
    assert len({document.SerializeToString(deterministic=True) for document in made}) == 1
    assert len((await desk.documents.ListDocuments(ListDocumentsRequest(), metadata=desk.author.metadata)).documents) == 1


@pytest.mark.parametrize("key", [b"a\tb", b"quai-\xe9", "quai-é".encode(), b"k" * 129], ids=["tab", "latin", "utf-8", "long"])
def test_a_key_that_is_not_printable_ascii_is_refused(edge: Edge, key: bytes) -> None:
    """Nothing is made, each time that it comes: what is no text arrives as other bytes once a connection has seen it."""
    with closing(edge.client("admin@example.gov")) as admin:
        body = {"slug": "jetties", "name": "Jetties"}
        for _ in range(4):
            refusal = admin.post("/v1/organisations", json=body, headers={b"idempotency-key": key})
            assert (refusal.status_code, refusal.json()["message"]) == (
                400,
                "idempotency-key: must be at most 128 printable characters of ASCII",
            )


def test_an_empty_key_is_none(edge: Edge) -> None:
    with closing(edge.client("admin@example.gov")) as admin:
        body, headers = {"slug": "slipways", "name": "Slipways"}, {"idempotency-key": ""}
        assert [admin.post("/v1/organisations", json=body, headers=headers).status_code for _ in range(2)] == [201, 409]


async def test_a_refusal_is_not_remembered(service: Service) -> None:
    """A key whose request was refused is free again: once what was in the way is gone, the same request is done."""
    desk = await Desk.opened(service)
    metadata = (*desk.author.metadata, ("idempotency-key", "again"))
    later = desk.kind("later")
    refusal = await refused(desk.create(f"{desk.root}/again", metadata=metadata, content_type=later))
    assert refusal.code == grpc.StatusCode.FAILED_PRECONDITION
    await desk.content_type(later)
    assert (await desk.create(f"{desk.root}/again", metadata=metadata, content_type=later)).path == f"{desk.root}/again"
