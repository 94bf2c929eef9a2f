"""Revisions as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.document_pb2 import Revision
from server.content import fields
from server.content.documents.views import put_links
from server.rpc.messages import message
from server.stores.statements import Row


def revision(row: Row) -> Revision:
    result = message(Revision, row, links=None, etag=etag(row))
    put_links(result.links, row.links)
    return result


def listed(row: Row) -> Revision:
    """The same, without what is long."""
    return message(Revision, row, etag=etag(row))


def etag(row: Row) -> str | None:
    return None if row.version is None else fields.etag(row.version)
