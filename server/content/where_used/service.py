"""ListReferences: where documents and files are used, and what documents refer to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from gazette.content.v1.reference_pb2 import (
    ListReferencesRequest,
    ListReferencesResponse,
    Reference,
    ReferenceDirection,
)
from server.content.documents.rules import listed, readable
from server.content.where_used import queries
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.rpc.messages import message
from server.stores.postgres import Database
from server.stores.statements import Row

FROM = ReferenceDirection.REFERENCE_DIRECTION_FROM
PAGE_SIZE = 50


@dataclass(frozen=True)
class References:
    """What refers to what."""

    database: Database
    paging: Paging

    async def ListReferences(self, request: ListReferencesRequest, call: Call) -> ListReferencesResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        whose = listed(call.caller, "")
        given: dict[str, Any] = {"organisations": whose}
        if page.position is not None:
            id, revision, number = page.position
            given |= {"after_id": uuid.UUID(id), "after_revision": revision, "after_number": number}
        async with self.database.direct() as connection:
            ids, paths = [uuid.UUID(request.file_id)] if request.file_id else [], list[str]()
            if not request.file_id:
                found = readable(await queries.IDENTITY.first(connection, id=uuid.UUID(request.document_id)), call.caller)
                ids, paths = targets(found) if request.direction != FROM else ([], [])
            given |= {"document_id": uuid.UUID(request.document_id or NOBODY)}
            given |= dict(zip(queries.IDS, ids, strict=False)) | dict(zip(queries.PATHS, paths, strict=False))
            limit = next(each for each in queries.LIMITS if each >= page.limit)
            statement = queries.listing(
                len(ids), len(paths), request.side, limit, goes_on=page.position is not None, is_narrow=whose is not None
            )
            rows = await statement.all(connection, **given)
        response = ListReferencesResponse(references=[shown(row) for row in rows[: page.size]])
        if len(rows) > page.size:
            last = rows[page.size - 1]
            response.next_page_token = page.token(str(last.document_id), last.revision_number, last.number)
        return response


NOBODY = str(uuid.UUID(int=0))


def targets(document: Row) -> tuple[list[uuid.UUID], list[str]]:
    """By what the document is referred to."""
    ids = dict.fromkeys((document.translation_key, document.id))
    paths = dict.fromkeys(path for path in (document.path, document.live_path) if path)
    return [*ids], [*paths]


def shown(row: Row) -> Reference:
    return message(Reference, row, target_id=str(row.target_id or ""), target_path=row.target_path or "")
