"""Revisions as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.document_pb2 import Revision, RevisionContentType
from server.content import fields
from server.content.documents.views import put_links
from server.rpc.messages import message
from server.stores.statements import Row


def revision(row: Row) -> Revision:
    result = listed(row, links=None)
    put_links(result.links, row.links)
    return result


def listed(row: Row, **but: None) -> Revision:
    """The same, without what is long."""
    saved_by = None
    if row.content_type_version is not None:
        saved_by = RevisionContentType(name=row.content_type, version=row.content_type_version)
    etag = None if row.version is None else fields.etag(row.version)
    return message(Revision, row, content_type=saved_by, etag=etag, **but)
