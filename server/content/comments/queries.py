"""SQL: comments, and how many of a document's block it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, Uuid, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from gazette.content.v1.comment_pb2 import CommentState
from server.content.documents.queries import IS_THERE
from server.content.models import Comment, Document
from server.stores.postgres import AnyRow
from server.stores.statements import Statement

OPEN, RESOLVED = CommentState.COMMENT_STATE_OPEN, CommentState.COMMENT_STATE_RESOLVED
ROOT = aliased(Comment)
NO_REPLY = uuid.UUID(int=0)
"""Before all replies of a thread."""

WHOSE = select(Document.id, Document.organisation_id, Document.locale, Document.revision_number)
IS_BLOCKING = and_(Comment.blocks_approval, Comment.resolve_time.is_(None), Comment.delete_time.is_(None))


async def document(connection: AsyncConnection, id: uuid.UUID, *, lock: bool) -> AnyRow | None:
    """Whose it is, and how far it has come. If it is locked, nobody else changes it, or how many comments block it, until the
    transaction ends."""
    statement = WHOSE.where(Document.id == id, IS_THERE)
    return (await connection.execute(statement.with_for_update(key_share=True) if lock else statement)).one_or_none()


async def comment(connection: AsyncConnection, document_id: uuid.UUID, id: uuid.UUID) -> AnyRow | None:
    statement = select(Comment.__table__).where(Comment.id == id, Comment.document_id == document_id)
    return (await connection.execute(statement)).one_or_none()


async def insert_comment(connection: AsyncConnection, **columns: Any) -> AnyRow:
    statement = insert(Comment).values(create_time=func.clock_timestamp(), **columns)
    row: AnyRow = (await connection.execute(statement.returning(Comment.__table__))).one()
    return row


async def update_comment(connection: AsyncConnection, id: uuid.UUID, changed: Mapping[str, Any]) -> AnyRow:
    statement = update(Comment).where(Comment.id == id).values(**changed).returning(Comment.__table__)
    row: AnyRow = (await connection.execute(statement)).one()
    return row


async def count_blocking(connection: AsyncConnection, document_id: uuid.UUID) -> None:
    """Brings the document up to date, which must be locked."""
    count = select(func.count()).where(Comment.document_id == document_id, IS_BLOCKING).scalar_subquery()
    await connection.execute(update(Document).where(Document.id == document_id).values(blocking_comments=count))


@cache
def comments(state: int, *, of_revision: bool, goes_on: bool) -> Statement:
    """Newest thread first, each with its replies, oldest first: those whose threads are in this state, and were begun on
    `revision_number` where it is of a revision. One that `goes_on` takes `last_thread_id` and `last_reply_id`."""
    statement: Select[Any] = select(Comment.__table__).where(Comment.document_id == bindparam("document_id", type_=Uuid()))
    if state or of_revision:
        statement = statement.join(ROOT, ROOT.id == Comment.thread_id)
    if state:
        is_open = and_(ROOT.resolve_time.is_(None), ROOT.delete_time.is_(None))
        statement = statement.where(is_open if state == OPEN else ROOT.resolve_time.is_not(None))
    if of_revision:
        statement = statement.where(ROOT.revision_number == bindparam("revision_number", type_=Integer()))
    is_reply = Comment.id != Comment.thread_id
    if goes_on:
        thread, reply = bindparam("last_thread_id", type_=Uuid()), bindparam("last_reply_id", type_=Uuid())
        further = and_(Comment.thread_id == thread, is_reply, Comment.id > reply)
        statement = statement.where(or_(Comment.thread_id < thread, further))
    statement = statement.order_by(Comment.thread_id.desc(), is_reply, Comment.id)
    return Statement(statement.limit(bindparam("limit", type_=Integer())))
