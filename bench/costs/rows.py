"""The table's rows: which calls are measured, and what they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol, Self

from bench.costs.content import ABSENT, CONTENT_TYPE, PAGE
from bench.costs.office import AT_ONCE, SERVICE, Office
from bench.costs.turns import Sizes
from bench.generator import Counted, Generator
from bench.http1 import HttpGets
from bench.http2 import GrpcCalls
from bench.installation import Installation
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, ListPagesRequest

DELIVERY = "/gazette.delivery.v1.DeliveryService"
NOT_FOUND = "5"


class Answer(Protocol):
    """What every change of a document is answered with."""

    @property
    def document(self) -> Document: ...

    @classmethod
    def FromString(cls, s: bytes) -> Self: ...  # noqa: N802 - as protobuf calls it


@dataclass(frozen=True)
class Yardstick:
    """What a call's cost is judged by, in echoes, as found on a quiet machine in November 2026."""

    peer: float | None
    """The cheapest of the content management systems that were measured."""
    target: float
    bare: float
    """What the same stores need with nothing around them: of a create an INSERT, of another change a transaction of two."""


@dataclass(frozen=True)
class Row:
    """One kind of call."""

    name: str
    yardstick: Yardstick
    load: Callable[[], Counted]
    """The next round's."""
    seen: Callable[[list[bytes]], None] = lambda answers: None
    """Is given each round's answers."""
    is_write: bool = False
    is_http: bool = False


def rows(ours: Installation, office: Office, generator: Generator, sizes: Sizes) -> Iterator[Row]:
    """In the order in which they are to be measured: each step of a document's life needs what the one before has left."""
    yield from pages(ours, sizes)
    yield from documents(office, sizes)
    yield from changes(office, generator, sizes)


def pages(ours: Installation, sizes: Sizes) -> Iterator[Row]:
    """What the public reads."""
    page, absent = (GetPageRequest(path=path).SerializeToString() for path in (PAGE, ABSENT))
    some = ListPagesRequest(content_type=CONTENT_TYPE).SerializeToString()
    calls = partial(GrpcCalls, ours.grpc_port, times=sizes.cheap)
    gets = partial(HttpGets, ours.http_port, f"/v1/pages{PAGE}", sizes.cheap)
    get_page = f"{DELIVERY}/GetPage"
    yield Row("GetPage from memory, gRPC", Yardstick(5, 1.2, 1.07), partial(calls, get_page, [page]))
    yield Row("ListPages from memory, gRPC", Yardstick(5, 1.2, 1.07), partial(calls, f"{DELIVERY}/ListPages", [some]))
    for connections in (16, 64):
        name = f"GetPage from memory, JSON, {connections} connections"
        yield Row(name, Yardstick(5, 2.0, 1.8), partial(gets, connections), is_http=True)
    yield Row(
        "GetPage of an absent path, gRPC", Yardstick(None, 1.5, 1.2), partial(calls, get_page, [absent], status=NOT_FOUND)
    )


def documents(office: Office, sizes: Sizes) -> Iterator[Row]:
    """What editors read."""
    calls = partial(GrpcCalls, office.port, metadata=office.author, at_once=AT_ONCE)
    each = [rpc.GetDocumentRequest(id=id).SerializeToString() for id in office.imported[: sizes.reads]]
    some = rpc.ListDocumentsRequest(page_size=20).SerializeToString()
    get_document, list_documents = f"{SERVICE}/GetDocument", f"{SERVICE}/ListDocuments"
    yield Row("GetDocument, signed in", Yardstick(7, 3.5, 2.5), partial(calls, get_document, each))
    yield Row("ListDocuments, 20", Yardstick(13, 5, 2.8), partial(calls, list_documents, [some], times=sizes.reads))


def changes(office: Office, generator: Generator, sizes: Sizes) -> Iterator[Row]:
    """What editors do."""

    def step(
        name: str, yardstick: Yardstick, load: Callable[[int], Counted], done: list[Document], answer: type[Answer]
    ) -> Row:
        def seen(answers: list[bytes]) -> None:
            done.extend(answer.FromString(each).document for each in answers)

        return Row(name, yardstick, partial(load, sizes.writes), seen, is_write=True)

    made, changed, tight = Yardstick(28, 9, 3.5), Yardstick(28, 9, 5.4), Yardstick(42, 14, 5.4)
    yield step("CreateDocument", made, office.create, office.created, rpc.CreateDocumentResponse)
    yield step("UpdateDocument", changed, office.update, office.updated, rpc.UpdateDocumentResponse)
    yield step("SubmitDocument", changed, office.submit, office.submitted, rpc.SubmitDocumentResponse)
    office.approve(generator)
    yield step("PublishDocument", tight, office.publish, [], rpc.PublishDocumentResponse)
