"""Redirects for tests: making them on a desk's own part of the site, and asking where they lead."""

from __future__ import annotations

from typing import Any

import grpc

from gazette.content.v1.document_import_pb2 import ImportedDocument, ImportOutcome, ImportResult
from gazette.content.v1.document_pb2 import Document, LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.content.desk import Desk, imported
from tests.polling import until

REDIRECTED, GONE = LiveState.LIVE_STATE_REDIRECTED, LiveState.LIVE_STATE_GONE
CREATED, UPDATED = ImportOutcome.IMPORT_OUTCOME_CREATED, ImportOutcome.IMPORT_OUTCOME_UPDATED


def redirect(
    desk: Desk, path: str, location: str, *, keeps: bool = False, covers: bool = False, **how: Any
) -> ImportedDocument:
    """Paths are the desk's own."""
    target = location if location.startswith("https:") else f"{desk.root}{location}"
    return imported(
        f"{desk.root}{path}",
        live_state=REDIRECTED,
        location=target,
        covers_prefix=covers or keeps,
        preserves_suffix=keeps,
        **how,
    )


def page(desk: Desk, path: str, **how: Any) -> ImportedDocument:
    return imported(f"{desk.root}{path}", **how)


def is_circle(result: ImportResult, *places: str) -> bool:
    """Whether a redirect was refused for leading through these places, which the refusal names, as it names the field."""
    told = f"document.location: leads back to where it comes from: {' → '.join(places)}"
    return (result.reason, result.message) == ("REDIRECT_LOOP", told)


async def get(desk: Desk, path: str, locale: str = "", *, any_locale: bool = False) -> GetPageResponse:
    request = GetPageRequest(path=f"{desk.root}{path}", locale=locale, any_locale=any_locale)
    return await DeliveryServiceStub(desk.service.channel).GetPage(request, timeout=5)


async def leads_to(desk: Desk, path: str, location: str, locale: str = "", *, told: str = "en") -> bool:
    """Whether a path comes to be answered with a redirect straight to there, within the second that a process has to hear."""
    wanted = location if location.startswith("https:") else f"{desk.root}{location}"

    async def is_there() -> bool:
        try:
            answer = (await get(desk, path, locale)).redirect
        except grpc.aio.AioRpcError:
            return False
        return (answer.location, answer.locale) == (wanted, told)

    await until(is_there)
    return True


async def moved(desk: Desk, document: Document, *paths: str) -> Document:
    for path in paths:
        document = await desk.through_review(await desk.update(document, path=f"{desk.root}{path}"))
    return document
