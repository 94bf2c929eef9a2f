"""Changing content types, as an admin does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1.content_type_change_pb2 import InvalidDocument
from gazette.content.v1.content_type_member_pb2 import MemberMove
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2 import (
    CheckContentTypeRequest,
    CheckContentTypeResponse,
    GetContentTypeRequest,
    UpdateContentTypeRequest,
    UpdateContentTypeResponse,
)
from tests.content.desk import Desk

Moves = Iterable[tuple[str, str]]


def asked(made: ContentType, moves: Moves = (), **changed: Any) -> UpdateContentTypeRequest:
    """A change that nobody has asked for yet."""
    wanted = ContentType(name=made.name, etag=made.etag, **changed)
    wanted.moves.extend(MemberMove(source=source, target=target) for source, target in moves)
    mask = [*changed, *(["moves"] if moves else [])]
    return UpdateContentTypeRequest(content_type=wanted, update_mask=FieldMask(paths=mask))


async def change(
    desk: Desk, made: ContentType, moves: Moves = (), *, accept: bool = False, token: str = "", **changed: Any
) -> UpdateContentTypeResponse:
    request = asked(made, moves, **changed)
    request.accept_invalid, request.check_token = accept, token
    answer: UpdateContentTypeResponse = await desk.content_types.UpdateContentType(request, metadata=desk.admin.metadata)
    return answer


async def now(desk: Desk, name: str, version: int = 0) -> ContentType:
    request = GetContentTypeRequest(name=name, version=version)
    found: ContentType = (await desk.content_types.GetContentType(request, metadata=desk.author.metadata)).content_type
    return found


async def parts(
    desk: Desk, name: str, change: UpdateContentTypeRequest | None = None, size: int = 0
) -> list[CheckContentTypeResponse]:
    """All that a check answers, part by part."""
    request = CheckContentTypeRequest(name=name, change=change, page_size=size)
    answers: list[CheckContentTypeResponse] = []
    while not answers or request.page_token:
        answers.append(await desk.content_types.CheckContentType(request, metadata=desk.admin.metadata))
        request.page_token = answers[-1].next_page_token
    return answers


async def invalid(desk: Desk, name: str, change: UpdateContentTypeRequest | None = None) -> list[InvalidDocument]:
    return [each for answer in await parts(desk, name, change) for each in answer.invalid_documents]
