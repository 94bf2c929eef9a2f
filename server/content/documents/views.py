"""Rows of this domain as the contract's messages, where a field's name alone does not say it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gazette.content.v1.document_pb2 import Document, Live
from server.content import fields
from server.rpc.messages import message
from server.stores.statements import Row


def document(row: Row) -> Document:
    """From a document's row with what its newest revision says."""
    live = message(Live, row, state=row.live_state, revision_number=row.live_revision_number, path=row.live_path)
    result = message(Document, row, etag=fields.etag(row.version), links=None, draft=None, live=live)
    put_links(result.links, row.links)
    result.draft.state = row.draft_state
    result.draft.revision_number = row.revision_number if row.draft_state else 0
    return result


def put_links(targets: Any, links: Mapping[str, Sequence[str]]) -> None:
    """Fills a message's map of LinkTargets, by kind of link."""
    for kind, keys in links.items():
        targets[kind].translation_keys.extend(keys)
