"""Whether what a restored page says of files is what is known of them here."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg

from gazette.delivery.v1.page_pb2 import PageAttachment
from server import files
from server.content import failures
from server.content.transfer.failures import InvalidAnswer
from server.rpc.messages import message

SHAPE = dict.fromkeys(("version", "url", "width", "height", "srcset", "page_count"))


async def check(
    connection: asyncpg.Connection, ids: list[uuid.UUID], columns: dict[str, Any], shown: list[PageAttachment]
) -> None:
    """Raises AttachmentNotFound, and InvalidAnswer where the page says something else of a file than is known of it."""
    if not ids:
        return
    found = await files.publish(connection, ids, columns["organisation_id"], datetime.now(UTC))
    known = {file.id: message(PageAttachment, file) for file in found}
    plain = [without_shape(each) for each in shown]
    if missing := [id for id in ids if id not in known]:
        raise failures.AttachmentNotFound(missing)
    if plain != [without_shape(known[id]) for id in ids[: len(shown)]] or not all(map(files.is_own, shown)):
        raise InvalidAnswer("serves something else of a file than is known of it")


def without_shape(attachment: PageAttachment) -> PageAttachment:
    """What is said of a file, whichever of its versions it was, and however it was looked at."""
    return message(PageAttachment, attachment, **SHAPE)
