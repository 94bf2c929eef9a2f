"""Readers who would take another language where there is none in theirs."""

from __future__ import annotations

import grpc
import pytest
import pytest_asyncio

from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse, ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.delivery.pages import rules
from tests.content.desk import Desk
from tests.refusals import refused
from tests.service import Service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


async def get(desk: Desk, path: str, locale: str, *fallbacks: str, any_locale: bool = False) -> GetPageResponse:
    request = GetPageRequest(path=f"{desk.root}{path}", locale=locale, fallback_locales=fallbacks, any_locale=any_locale)
    answer: GetPageResponse = await DeliveryServiceStub(desk.service.channel).GetPage(request)
    return answer


async def test_the_first_language_that_there_is(desk: Desk) -> None:
    """The answer is in the first of the languages that will do, or in what that is a form of, and says which; it is the very
    answer of that language. Without any a `locale` is strict. (C38)"""
    english = await desk.published(f"{desk.root}/a")
    welsh = await desk.published(f"{desk.root}/a", locale="cy", translation_key=english.translation_key, title="Llanw")
    plain = await desk.page(f"{desk.root}/a", "cy")
    assert plain.page.document_id == welsh.id
    assert await get(desk, "/a", "cy-GB", "en") == plain
    assert await get(desk, "/a", "gd", "CY-gb", "en") == plain
    assert (await get(desk, "/a", "gd", "en", "cy")).page.document_id == english.id
    assert (await get(desk, "/a", "", "cy")).page.document_id == english.id
    assert (await refused(get(desk, "/a", "gd", "fr", "de"))).code is grpc.StatusCode.NOT_FOUND
    assert (await get(desk, "/a", "gd", "fr", any_locale=True)).page.document_id == english.id
    assert (await refused(get(desk, "/a", "cy-GB"))).code is grpc.StatusCode.NOT_FOUND
    for wrong in (["fr"] * 6, ["not a language"], [""]):
        assert (await refused(get(desk, "/a", "gd", *wrong))).code is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_translations_that_there_are(desk: Desk) -> None:
    """The pages of one translation key are listed as they are at the moment: one that is published later is there at once."""
    english = await desk.published(f"{desk.root}/a")
    await desk.published(f"{desk.root}/b")

    async def listed() -> set[str]:
        number = (await desk.record())[-1].number
        request = ListPagesRequest(translation_key=english.translation_key, min_record_number=number)
        return {each.locale for each in (await DeliveryServiceStub(desk.service.channel).ListPages(request)).pages}

    assert await listed() == {"en"}
    await desk.published(f"{desk.root}/cy", locale="cy", translation_key=english.translation_key)
    assert await listed() == {"en", "cy"}


@pytest.mark.parametrize(
    ("locale", "fallbacks", "asked"),
    [
        ("", [], ["en"]),
        ("cy-GB", ["en"], ["cy-GB", "cy", "en"]),
        ("zh-Hant-CN", ["zh"], ["zh-Hant-CN", "zh-Hant", "zh"]),
        ("de-1996-x-a", ["iw"], ["de-1996-x-a", "de-1996", "de", "he"]),
        ("fr-CA", ["FR-be", "en"], ["fr-CA", "fr", "fr-BE", "en"]),
    ],
)
def test_which_languages_are_asked_for(locale: str, fallbacks: list[str], asked: list[str]) -> None:
    """One after the other: each language, and then what it is a form of."""
    assert rules.languages(locale, fallbacks) == asked


def test_how_many_languages_are_asked_for() -> None:
    """Ten at most, however long the tags."""
    assert len(rules.languages("", ["aa-bb-cc-dd-ee", "ab-bb-cc-dd-ee", "ac-bb-cc-dd-ee"])) <= rules.MOST_LANGUAGES
