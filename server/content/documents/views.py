"""Rows of this domain as the contract's messages, where a field's name alone does not say it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gazette.content.v1.document_pb2 import Document, Live
from gazette.content.v1.notice_pb2 import Notice
from server.content import fields
from server.rpc.messages import message
from server.rpc.objects import Object, loaded
from server.stores.statements import Row


def document(row: Row) -> Document:
    """From a document's row with what its newest revision says."""
    live = message(Live, row, state=row.live_state, revision_number=row.live_revision_number, path=row.live_path)
    result = message(Document, row, etag=fields.etag(row.version), links=None, draft=None, live=live)
    put_links(result.links, row.links)
    put_draft(result, row)
    return result


def listed(row: Row) -> Document:
    """The same, without what is long: from a row of a list that was read without it."""
    told = {"state": row.live_state, "revision_number": row.live_revision_number, "path": row.live_path}
    live = message(Live, row, **told, explanation=None)
    result = message(Document, row, etag=fields.etag(row.version), draft=None, live=live)
    put_draft(result, row)
    return result


def put_draft(document: Document, row: Row) -> None:
    document.draft.state = row.draft_state
    document.draft.revision_number = row.revision_number if row.draft_state else 0


def notices(found: Iterable[Mapping[str, Any]] | None) -> list[Notice]:
    """As rendering names them, and as they are stored."""
    return [Notice(**each) for each in found or ()]


def put_links(targets: Any, links: Object) -> None:
    """Fills a message's map of LinkTargets, by kind of link."""
    for kind, keys in loaded(links).items():
        targets[kind].translation_keys.extend(keys)
