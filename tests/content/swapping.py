"""Swaps in tests."""

from __future__ import annotations

from gazette.content.v1 import paths_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from tests.content.desk import Desk
from tests.service import Person


async def swap(desk: Desk, one: Document, other: Document, by: Person | None = None) -> rpc.SwapPathsResponse:
    request = rpc.SwapPathsRequest(id=one.id, etag=one.etag, other_id=other.id, other_etag=other.etag)
    answer: rpc.SwapPathsResponse = await desk.documents.SwapPaths(request, metadata=(by or desk.publisher).metadata)
    return answer
