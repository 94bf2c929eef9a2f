"""Idempotency keys: callers that repeat themselves, at once or after a refusal."""

from __future__ import annotations

import asyncio

import grpc

from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from tests.content.desk import Desk
from tests.refusals import refused
from tests.service import Service


async def test_callers_that_repeat_themselves(service: Service) -> None:
    """Twenty calls at once with one idempotency key make one document, and all get the same answer."""
    desk = await Desk.opened(service)
    metadata = (*desk.author.metadata, ("idempotency-key", "once"))
    made = await asyncio.gather(*(desk.create(f"{desk.root}/once", metadata=metadata) for _ in range(20)))
    assert len({document.SerializeToString(deterministic=True) for document in made}) == 1
    assert len((await desk.documents.ListDocuments(ListDocumentsRequest(), metadata=desk.author.metadata)).documents) == 1


async def test_a_refusal_is_not_remembered(service: Service) -> None:
    """A key whose request was refused is free again: once what was in the way is gone, the same request is done."""
    desk = await Desk.opened(service)
    metadata = (*desk.author.metadata, ("idempotency-key", "again"))
    later = desk.kind("later")
    refusal = await refused(desk.create(f"{desk.root}/again", metadata=metadata, content_type=later))
    assert refusal.code == grpc.StatusCode.FAILED_PRECONDITION
    await desk.content_type(later)
    assert (await desk.create(f"{desk.root}/again", metadata=metadata, content_type=later)).path == f"{desk.root}/again"
