"""A server may answer before the last message was sent: what it says arrives, whatever was on its way."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument
from gazette_client.endings import answered
from gazette_client.errors import FailedPrecondition, GazetteError, failure
from tests.client.conftest import Clients
from tests.client.scripted import Server
from tests.refusals import refused

REFUSAL = failure(grpc.StatusCode.FAILED_PRECONDITION, "INSTALLATION_IN_USE", "It is.")
ROUNDS = 400
"""Without care, one of a hundred calls is INTERNAL."""


async def test_refusals_that_come_early(clients: Clients, client: Any, scripted: Server) -> None:
    """Such a refusal is the server's, with its reason, for what can be sent again and for what cannot."""
    messages = [ImportDocumentsRequest(document=ImportedDocument(source="a" * 300))] * 10
    scripted.fails("ImportDocuments", *(REFUSAL for _ in range(ROUNDS)))
    for at in range(ROUNDS):
        with pytest.raises(GazetteError) as caught:
            await clients.call(client.content.ImportDocuments, messages if at % 2 else iter(messages))
        assert (type(caught.value), caught.value.reason) == (FailedPrecondition, "INSTALLATION_IN_USE"), at


async def test_refusals_that_come_early_to_a_stub(scripted: Server) -> None:
    """The same for a stub of grpc.aio, through what the client does and through what the tests do."""
    messages = [ImportDocumentsRequest(document=ImportedDocument(source="a" * 300))] * 10
    scripted.fails("ImportDocuments", *(REFUSAL for _ in range(2 * ROUNDS)))
    async with grpc.aio.insecure_channel(scripted.address) as channel:
        stub = ContentServiceStub(channel)
        for _ in range(ROUNDS):
            assert (await refused(stub.ImportDocuments(iter(messages)))).reason == "INSTALLATION_IN_USE"
            with pytest.raises(grpc.RpcError) as caught:
                await answered(stub.ImportDocuments(iter(messages)))
            assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
