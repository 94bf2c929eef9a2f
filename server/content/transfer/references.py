"""The files that a document names: as attachments, and in its text as `/v1/files/{id}` and `file:{id}`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from itertools import islice

import asyncpg

from gazette.content.v1.document_import_pb2 import ImportedDocument
from server import files

UUID_BYTES = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
REFERENCE = re.compile(rb"(/v1/files/|\bfile:)(" + UUID_BYTES + rb")")
MAX_REFERENCES = 2_000
"""Files that the text of one document is asked about: a text that is made of nothing else could name fifty times as many."""


def named_files(imported: ImportedDocument) -> list[uuid.UUID]:
    """Every file that the document names, each once, attachments first."""
    in_text = islice(dict.fromkeys(id for _, id in REFERENCE.findall(imported.SerializeToString())), MAX_REFERENCES)
    ids = (*imported.document.attachments, *(id.decode() for id in in_text))
    return [*dict.fromkeys(map(uuid.UUID, ids))]


async def pointed_here(
    connection: asyncpg.Connection, imported: ImportedDocument, organisation_id: uuid.UUID
) -> ImportedDocument:
    """The document with the ids that its files have here: those that had to become other ones when they were imported."""
    named = named_files(imported)
    if not named:
        return imported
    others = {files.id_elsewhere(organisation_id, id): id for id in named}
    present = await files.present(connection, [*named, *others], organisation_id)
    renamed = {str(old): str(new) for new, old in others.items() if new in present and old not in present}
    return rewritten(imported, renamed) if renamed else imported


def rewritten(imported: ImportedDocument, renamed: Mapping[str, str]) -> ImportedDocument:
    """A copy that names other files. Ids are of one length, so they can be exchanged where the message stands as bytes."""

    def other(match: re.Match[bytes]) -> bytes:
        id = match[2].decode()
        return bytes(match[1]) + renamed.get(id, id).encode()

    result = ImportedDocument.FromString(REFERENCE.sub(other, imported.SerializeToString()))
    attachments = [renamed.get(str(uuid.UUID(id)), id) for id in imported.document.attachments]
    result.document.attachments[:] = attachments
    return result
