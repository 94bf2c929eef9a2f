"""Revisions as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.document_pb2 import Revision
from server.content.documents.views import put_links
from server.rpc.messages import message
from server.stores.statements import Row


def revision(row: Row) -> Revision:
    result = message(Revision, row, links=None)
    put_links(result.links, row.links)
    return result
