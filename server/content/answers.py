"""Rows of this domain as the contract's messages, where a field's name alone does not say it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_pb2 import Document, Draft, LinkTargets, Live, Revision
from server.content import rules
from server.database import AnyRow
from server.messages import message


def document(row: AnyRow) -> Document:
    """From a document's row with what its newest revision says."""
    draft = Draft(state=row.draft_state, revision_number=row.revision_number if row.draft_state else 0)
    live = message(Live, row, state=row.live_state, revision_number=row.live_revision_number, path=row.live_path)
    return message(Document, row, etag=rules.etag(row.version), links=link_targets(row.links), draft=draft, live=live)


def revision(row: AnyRow) -> Revision:
    return message(Revision, row, links=link_targets(row.links))


def content_type(row: AnyRow) -> ContentType:
    return message(ContentType, row, etag=rules.etag(row.version))


def link_targets(links: Mapping[str, Sequence[str]]) -> dict[str, LinkTargets]:
    return {kind: LinkTargets(translation_keys=keys) for kind, keys in links.items()}
