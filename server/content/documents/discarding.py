"""Discarding a draft: the one way, whether it is given up by itself or is in the way of what a page becomes.

Nothing is erased, and no number is used twice: the newest revision says once more what the public sees, or saw last; and what
the draft said stays among the revisions. What was to come of the draft ends with it: its publication, if that was scheduled,
and the links to previews of it.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import CTE, func, select, update

from server.content.documents import planned, saving
from server.content.documents.premises import Premises
from server.content.documents.words import WORDS
from server.content.documents.writing import copied
from server.content.models import PreviewLink
from server.rpc.caller import Caller
from server.stores.parameters import named
from server.stores.statements import Row

COLUMNS = ("path", "revision_number")
"""Those of the document that change, beside where its draft stands."""


async def check_undone(premises: Premises, caller: Caller, content_type: Row, newest: Row, live: Row) -> None:
    """Whether the caller may write what becomes again what the public sees, or saw last. `newest` is the document with the
    draft, and `live` the same with what is public. Raises FieldForbidden."""
    if not premises.field_permissions.closed(caller, newest.organisation_id, newest.locale, content_type):
        return
    newest, live = [await premises.objects.current(each, content_type) for each in (newest, live)]
    words = {name: getattr(live, name) for name in WORDS} | {"path": live.live_path}
    await premises.field_permissions.check(caller, newest.organisation_id, newest.locale, content_type, words, newest)


def parts(document: CTE) -> tuple[CTE, ...]:
    """What a statement does that discards the draft of the document that was changed: with `parameters`."""
    return copied(document), planned.ended(document), previews_ended(document)


def parameters(document: Row, author_id: uuid.UUID) -> dict[str, Any]:
    """What such a statement is given, of the document as it will stand, with the revision that the public saw last."""
    columns = named("document", {name: getattr(document, name) for name in COLUMNS})
    return columns | saving.copy(document, author_id, document.live_revision_number)


def previews_ended(document: CTE) -> CTE:
    """Ends the links to previews of the document that was changed."""
    of_it = PreviewLink.document_id.in_(select(document.c.id))
    ended = update(PreviewLink).where(of_it, PreviewLink.end_time.is_(None)).values(end_time=func.clock_timestamp())
    return ended.cte("previews_ended")
