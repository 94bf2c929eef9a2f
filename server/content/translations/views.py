"""Translations as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.translations_pb2 import Translation, TranslationGap
from server.content.translations.queries import SHOWN
from server.rpc.messages import message
from server.stores.statements import Row


def gap(row: Row, *, is_outdated: bool) -> TranslationGap:
    """From a row of `queries.gaps`."""
    result = TranslationGap(source=side(row, "source"), to_revision_number=row.source_live_revision_number)
    if is_outdated:
        result.translation.CopyFrom(side(row, "translation"))
        result.translation.outdated = True
        if row.translation_source_document_id == row.source_document_id_:
            result.from_revision_number = row.translation_source_revision_number or 0
    return result


def side(row: Row, prefix: str) -> Translation:
    said = {name: getattr(row, f"{prefix}_{name}") for name in (*SHOWN, "title")}
    return message(Translation, **said, document_id=getattr(row, f"{prefix}_document_id_"))
