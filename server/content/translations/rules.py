"""Which revision of its source a translation says the same as. Pure."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from server.content.translations.failures import InvalidSource, NoSource, SourceNotFound


class Basis(NamedTuple):
    """What a translation says the same as: the columns of its document."""

    source_document_id: uuid.UUID | None = None
    source_revision_number: int | None = None


def basis(source: Any | None) -> Basis:
    """Of a translation that is made now: what is public of its source, or else the newest that it says."""
    if source is None:
        return Basis()
    return Basis(source.id, source.live_revision_number or source.revision_number)


def confirmed(source: Any | None, wanted_id: str, wanted_number: int) -> Basis:
    """As somebody says that it is. Raises SourceNotFound, InvalidSource, NoSource."""
    if source is None:
        if wanted_id:
            raise SourceNotFound
        raise NoSource
    if wanted_number > source.revision_number:
        raise InvalidSource(source.revision_number)
    found = basis(source)
    return found._replace(source_revision_number=wanted_number) if wanted_number else found
