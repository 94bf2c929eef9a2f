"""Lists as iterators: for every list of the contract, in both clients."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import pytest_asyncio
from google.protobuf.descriptor import MethodDescriptor

from gazette_client import AsyncClient, Client, messages
from gazette_client.errors import InvalidArgument, NotFound
from gazette_client.messages import CreateDocumentRequest, Document, DocumentView, ListDocumentsRequest
from gazette_client.services.tasks import AsyncServices
from gazette_client.services.threads import Services
from tests.client.conftest import Clients
from tests.client.scripted import Server
from tests.client.test_methods import declared
from tests.content.desk import Desk, last_number
from tests.service import Service

CALLS_OWN = {"timeout", "metadata"}
TAKEN_CARE_OF = {"page_token", "with_count"}
OTHERWISE = {"CheckContentType": "invalid_documents"}
"""What is a list by its form, and named as something else."""


def is_list(rpc: MethodDescriptor) -> bool:
    """Whether its answers come in parts."""
    asked, answered = rpc.input_type.fields_by_name, rpc.output_type.fields
    return ("page_token" in asked or "page_size" in asked) and any(field.is_repeated for field in answered)


LISTS = {rpc.name: rpc for rpc in declared() if is_list(rpc)}


def noun(rpc: str) -> str:
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in rpc.removeprefix("List"))
    return OTHERWISE.get(rpc, words.lstrip("_"))


def iterator(services: type[Services | AsyncServices], name: str) -> Callable[..., Any]:
    """The function that goes through a list: a method, or what calling a service does."""
    found: Any = getattr(services, name, None)
    if found is None:
        kind = f"{'Async' if services is AsyncServices else ''}{''.join(word.capitalize() for word in name.split('_'))}"
        found = getattr(inspect.getmodule(services), kind).__call__
    assert callable(found)
    return cast("Callable[..., Any]", found)


@pytest.mark.parametrize("services", [Services, AsyncServices])
@pytest.mark.parametrize("rpc", LISTS.values(), ids=lambda rpc: rpc.name)
def test_every_list_has_its_iterator(rpc: MethodDescriptor, services: type[Services | AsyncServices]) -> None:
    """Its keywords are the request's fields, but those that it takes care of; its docstring says what the contract says."""
    found = iterator(services, noun(rpc.name))
    fields = {field.name for field in rpc.input_type.fields} - TAKEN_CARE_OF

    assert set(inspect.signature(found).parameters) == {"self", *fields, *CALLS_OWN}
    assert f"`{rpc.name}`" in (found.__doc__ or "")


def test_there_are_lists() -> None:
    """The rule finds those that everybody knows."""
    assert {"ListDocuments", "ListPages", "ListRevisions", "ListRecordEntries", "ListAccounts"} <= set(LISTS)


async def test_a_list_is_gone_through_to_its_end(clients: Clients, client: Any, scripted: Server) -> None:
    """All parts come, in order, as the filters and the page size ask for them."""
    since = datetime(2026, 3, 1, tzinfo=UTC)
    found = await clients.collect(
        client.documents,
        content_type="guide",
        view=DocumentView.DOCUMENT_VIEW_FULL,
        page_size=2,
        updated_since_time=since,
        metadata=(("x-seen", "1"),),
    )

    asked = ListDocumentsRequest(
        content_type="guide", view=DocumentView.DOCUMENT_VIEW_FULL, page_size=2, updated_since_time=messages.Timestamp()
    )
    asked.updated_since_time.FromDatetime(since)
    assert [each.id for each in found] == ["0", "1", "2", "3", "4"]
    assert [each.page_token for each in scripted.lists] == ["", "2", "4"]
    for each in scripted.lists:
        each.page_token = ""
    assert scripted.lists == [asked] * 3
    assert [each["x-seen"] for each in scripted.metadata["ListDocuments"]] == ["1"] * 3


async def test_who_stops_early_asks_for_no_more(clients: Clients, client: Any, scripted: Server) -> None:
    """Two documents of the first part cost one call, and a list that nobody goes through costs none."""

    def two() -> list[str]:
        documents = client.documents()
        return [next(documents).id, next(documents).id]

    async def two_async() -> list[str]:
        documents = client.documents()
        return [(await anext(documents)).id, (await anext(documents)).id]

    client.documents(page_size=1)
    found = await (two_async() if clients.kind is AsyncClient else clients.call(two))

    assert found == ["0", "1"]
    assert scripted.calls("ListDocuments") == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"page_size": "3"}, "documents: page_size: cannot be a str"),
        ({"content_type": 7}, "documents: content_type: cannot be an int"),
        ({"updated_since_time": "yesterday"}, "documents: updated_since_time: cannot be a str"),
    ],
)
async def test_a_wrong_keyword_is_named(client: Any, scripted: Server, given: dict[str, Any], said: str) -> None:
    """The error comes where the list is asked for, before anything is sent."""
    with pytest.raises(TypeError, match=f"^{said}$"):
        client.documents(**given)
    with pytest.raises(TypeError, match="page_sise"):
        client.documents(page_sise=3)
    with pytest.raises(ValueError, match=r"^documents: view: unknown enum label"):
        client.documents(view="FULL")
    with pytest.raises(TypeError, match="document_id"):
        client.revisions()

    assert scripted.calls("ListDocuments") == 0


class TestRealServer:
    """What only a real server can answer."""

    @pytest_asyncio.fixture
    async def desk(self, service: Service) -> Desk:
        return await Desk.opened(service)

    @pytest.fixture(params=[AsyncClient, Client], ids=["asyncio", "threads"])
    def clients(self, request: pytest.FixtureRequest, desk: Desk) -> Clients:
        return Clients(request.param, desk.service.address)

    async def test_documents_and_revisions(self, clients: Clients, desk: Desk) -> None:
        """Documents come over several parts, with their bodies if asked for; so do a document's revisions."""
        async with clients.opened(email=desk.author.email, password=desk.author.password) as client:
            for number in range(5):
                draft = Document(
                    organisation_id=desk.organisation_id,
                    content_type="guide",
                    path=f"{desk.root}/walk-{number}",
                    title=f"Walk {number}",
                    body="Mind the tide.",
                )
                made = await clients.call(client.content.CreateDocument, CreateDocumentRequest(document=draft))
            whole = DocumentView.DOCUMENT_VIEW_FULL
            named: dict[str, Any] = {"path_prefix": desk.root, "page_size": 2, "order_by": "path"}
            found = await clients.collect(client.documents, view=whole, **named)
            brief = await clients.collect(client.documents, **named)
            revisions = await clients.collect(client.revisions, made.document.id, page_size=1)
            with pytest.raises(NotFound):
                await clients.collect(client.comments, "0190d5c3-0000-7000-8000-000000000000")
            with pytest.raises(InvalidArgument) as wrong:
                await clients.collect(client.documents, page_size=100_000)

        assert [each.title for each in found] == [f"Walk {number}" for number in range(5)]
        assert {each.body for each in found} == {"Mind the tide."}
        assert [each.id for each in brief] == [each.id for each in found]
        assert not any(each.body for each in brief)
        assert [each.number for each in revisions] == [1]
        assert [each.field for each in wrong.value.field_violations] == ["page_size"]

    async def test_services_that_are_lists_too(self, clients: Clients, desk: Desk) -> None:
        """Organisations, accounts and content types are gone through by calling the service, which has its methods still."""
        async with clients.opened(email=desk.admin.email, password=desk.admin.password) as client:
            organisations = await clients.collect(client.organisations, page_size=1)
            accounts = await clients.collect(client.accounts, organisation_id=desk.organisation_id, page_size=1)
            types = await clients.collect(client.content_types)
            one = await clients.call(
                client.organisations.GetOrganisation, messages.GetOrganisationRequest(id=desk.organisation_id)
            )

        assert one.organisation in organisations
        assert len({each.id for each in accounts}) == len(accounts) > 1
        assert "guide" in {each.name for each in types}

    async def test_the_record(self, clients: Clients, desk: Desk) -> None:
        """Its entries are gone through by their numbers, from the one after which to begin, to the last there is."""
        before = await last_number(desk.service)
        for name in ("one", "two", "three"):
            await desk.published(f"{desk.root}/{name}")
        async with clients.opened(email="", password="") as stranger:
            found = await clients.collect(stranger.record_entries, after_number=before, page_size=1)

        numbers = [each.body.number for each in found]
        assert numbers == sorted(set(numbers))
        assert {f"{desk.root}/{name}" for name in ("one", "two", "three")} <= {each.body.path for each in found}
