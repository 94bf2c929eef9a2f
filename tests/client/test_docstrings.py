"""What the contract's comments say is there in Python: of methods, lists, messages and enums."""

from __future__ import annotations

import inspect
import pydoc
import re
from pathlib import Path
from typing import Any

import pytest

from gazette.record.v1 import record_service_pb2
from gazette_client import AsyncClient, Client, messages
from tests.client.test_messages import ours
from tests.client.test_methods import COMMENTED_RPC, PROTO


def shown(thing: object) -> str:
    """What help() shows."""
    return re.sub(".\x08", "", pydoc.render_doc(thing))


def words(text: str) -> str:
    """The text without the marks and breaks of its comment."""
    return " ".join(text.replace("//", " ").split())


def declared() -> list[tuple[str, str]]:
    """Each method's name, and what the contract says of it."""
    files = sorted(PROTO.rglob("*_service.proto"))
    return [(rpc, words(comment)) for file in files for comment, rpc in COMMENTED_RPC.findall(file.read_text())]


@pytest.mark.parametrize("kind", [AsyncClient, Client], ids=["asyncio", "threads"])
async def test_methods_say_what_the_contract_says(kind: type[AsyncClient | Client]) -> None:
    """Each method's docstring is its comment, and help() shows it below what it takes and gives."""
    client = kind("localhost:1")
    services = [value for value in vars(client).values() if "_pb2_grpc" in str(type(value).mro())]
    said = {name: words(rpc.__doc__) for service in services for name, rpc in vars(service).items()}
    page = shown(client.delivery.GetPage)
    closed: Any = client.close()
    if inspect.isawaitable(closed):
        await closed

    assert said == dict(declared())
    assert "GetPage = GetPage(GetPageRequest) -> GetPageResponse\n" in page
    assert "What a path serves now." in page


def test_messages_say_what_the_contract_says() -> None:
    """Each message and enum has a docstring that names all of its fields or values."""
    for kind in ours():
        descriptor = kind.DESCRIPTOR
        members = getattr(descriptor, "fields", None) or getattr(descriptor, "values", [])
        assert kind.__doc__, descriptor.full_name
        assert all(f"{member.name}: " in kind.__doc__ for member in members), descriptor.full_name


def test_help_shows_fields() -> None:
    """help() of a message and of an enum has the comments of their fields and values."""
    document = shown(messages.Document)
    view = shown(messages.DocumentView)

    assert "|  title: " in document
    assert "DOCUMENT_VIEW_FULL: " in view


def test_docstrings_can_have_any_character() -> None:
    """Quotes and line breaks of a comment arrive as they are."""
    source = Path(record_service_pb2.__file__).read_text()

    assert messages.ListRecordEntriesRequest.__doc__ is not None
    assert "page_size: How many at most; 0 means 100.\n" in messages.ListRecordEntriesRequest.__doc__
    assert '\nListRecordEntriesRequest.__doc__ = """' in source
    assert messages.ListDocumentsRequest.__doc__ is not None
    assert '`"a phrase"`' in messages.ListDocumentsRequest.__doc__
