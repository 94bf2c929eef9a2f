"""Rows of this domain as the contract's messages, where a field's name alone does not say it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gazette.content.v1.document_pb2 import Document, Draft, LinkTargets, Live
from server.content import fields
from server.rpc.messages import message
from server.stores.statements import Row


def document(row: Row) -> Document:
    """From a document's row with what its newest revision says."""
    draft = Draft(state=row.draft_state, revision_number=row.revision_number if row.draft_state else 0)
    live = message(Live, row, state=row.live_state, revision_number=row.live_revision_number, path=row.live_path)
    return message(Document, row, etag=fields.etag(row.version), links=link_targets(row.links), draft=draft, live=live)


def link_targets(links: Mapping[str, Sequence[str]]) -> dict[str, LinkTargets]:
    return {kind: LinkTargets(translation_keys=keys) for kind, keys in links.items()}
