"""Idempotency keys: callers that repeat themselves, at once or after a refusal."""

from __future__ import annotations

import asyncio
from contextlib import closing

import grpc
import httpx

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


def test_a_key_of_any_bytes_is_one(edge: Edge) -> None:
    """Bytes that are no UTF-8 are a key, too; what cannot be printed is refused, and nothing is made. An empty key is none."""
    with closing(edge.client("admin@example.gov")) as admin:

        def create(slug: str, key: bytes) -> httpx.Response:
            return admin.post("/v1/organisations", json={"slug": slug, "name": slug}, headers={b"idempotency-key": key})

        made = [create("piers", b"quai-\xe9").raise_for_status().json() for _ in range(2)]
        assert made[0] == made[1]
        refusal = create("jetties", b"a\tb")
        assert (refusal.status_code, refusal.json()["message"]) == (
            400,
            "idempotency-key: must be at most 128 printable characters",
        )
        assert [create("jetties", b"").status_code for _ in range(2)] == [201, 409]


async def test_a_refusal_is_not_remembered(service: Service) -> None:
    """A key whose request was refused is free again: once what was in the way is gone, the same request is done."""
    desk = await Desk.opened(service)
    metadata = (*desk.author.metadata, ("idempotency-key", "again"))
    later = desk.kind("later")
    refusal = await refused(desk.create(f"{desk.root}/again", metadata=metadata, content_type=later))
    assert refusal.code == grpc.StatusCode.FAILED_PRECONDITION
    await desk.content_type(later)
    assert (await desk.create(f"{desk.root}/again", metadata=metadata, content_type=later)).path == f"{desk.root}/again"
