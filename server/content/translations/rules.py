"""Which revision of its source a translation says the same as. Pure."""

from __future__ import annotations

from typing import Any

from server.content.documents.sources import Basis, basis
from server.content.translations.failures import InvalidSource, NoSource, SourceNotFound


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
