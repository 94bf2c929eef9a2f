"""Revisions as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.document_pb2 import Revision
from server.content.documents.views import link_targets
from server.rpc.messages import message
from server.stores.statements import Row


def revision(row: Row) -> Revision:
    return message(Revision, row, links=link_targets(row.links))
