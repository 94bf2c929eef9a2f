"""ListTranslations, ConfirmTranslation and ListTranslationGaps: what is said in which language, and what is not yet."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import translations_pb2 as rpc
from server.content.documents import rules as document_rules
from server.content.documents import saving, views
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.documents.saving import Save
from server.content.documents.sources import source_of
from server.content.translations import queries, rules
from server.content.translations.views import gap
from server.rpc.answers import filled
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.rpc.messages import message
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
PAGE_SIZE = 50
FIRST = uuid.UUID(int=0)


@dataclass(frozen=True)
class Translations:
    """Documents that translate each other are one organisation's."""

    database: Database
    paging: Paging
    premises: Premises

    async def ListTranslations(self, request: rpc.ListTranslationsRequest, call: Call) -> rpc.ListTranslationsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        async with self.database.direct() as connection:
            found = await queries.GROUP.first(connection, id=uuid.UUID(request.document_id))
            key = document_rules.readable(found, call.caller).translation_key
            after = page.after or ""
            rows = await queries.TRANSLATIONS.all(connection, translation_key=key, after=after, limit=page.limit)
        shown = partial(message, rpc.Translation)
        translations, token = filled(page, rows, lambda row: (row.locale,), shown)
        return rpc.ListTranslationsResponse(translations=translations, next_page_token=token)

    async def ConfirmTranslation(self, request: rpc.ConfirmTranslationRequest, call: Call) -> rpc.ConfirmTranslationResponse:
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = document_rules.changeable(found, call.caller, WRITE, request)
                wanted = uuid.UUID(request.source_document_id) if request.source_document_id else None
                source = await source_of(connection, document, wanted or document.source_document_id)
                if source is None and wanted is None and document.source_document_id is not None:  # it is gone
                    source = await source_of(connection, document, None)
                basis = rules.confirmed(source, request.source_document_id, request.source_revision_number)
                row = document._replace(version=document.version + 1, **basis._asdict())
                changed = {"id": row.id, "version": document.version, **basis._asdict()}
                about = {"source": str(basis.source_document_id), "source_revision": basis.source_revision_number}
                save = Save(row, named("document", changed) | saving.event("document.confirm_translation", row, **about))
                return await save.stored(connection, queries.CONFIRMING)

            row = await self.premises.settled(attempt)
        return rpc.ConfirmTranslationResponse(document=views.document(await self.premises.objects.shown(row)))

    async def ListTranslationGaps(self, request: rpc.ListTranslationGapsRequest, call: Call) -> rpc.ListTranslationGapsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        given: dict[str, Any] = {name: getattr(request, name) for name in ("source_locale", "target_locale")}
        whose, name = document_rules.listed(call.caller, request.organisation_id), ""
        if whose is not None:
            name = "organisation_id" if len(whose) == 1 else "organisations"
            given[name] = whose[0] if len(whose) == 1 else whose
        if request.content_type:
            given["content_type"] = request.content_type
        statement = queries.gaps(request.kind, name, has_content_type=bool(request.content_type))
        async with self.database.direct() as connection:
            rows = await statement.all(connection, **given, after=page.after_id or FIRST, limit=page.limit)
        is_outdated = request.kind != queries.MISSING
        bounds, found = rows[0], [each for each in rows if each.source_document_id_ is not None]
        gaps, token = filled(page, found, lambda row: (row.source_document_id_,), partial(gap, is_outdated=is_outdated))
        if not token and bounds.looked_at_count == queries.LOOKED_AT:
            token = page.token(bounds.last_id)
        return rpc.ListTranslationGapsResponse(gaps=gaps, next_page_token=token)
