"""What is measured of many documents, and compared with what few take."""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from bench import installation
from bench.costs.content import document, import_batches
from bench.costs.office import Office, signed_in
from bench.http2 import Metadata
from bench.installation import EMAIL, PASSWORD, Installation
from bench.many.multiplying import multiplied, sizes
from bench.measure import cpu_seconds
from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportOptions
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette_client import Client
from server.importer.govuk import schemas
from server.importer.importing import run_import

FEW, MANY = 1_000, 100_000
GOVUK = Path(os.environ.get("GAZETTE_GOVUK_CONTENT", Path(__file__).parents[3] / "shared" / "govuk-content"))
PAGE, DEEP, STRIDE = 50, 1_000, 200
ROUNDS, AT_A_TIME, IMPORTS = 9, 5, 200
BOUND = 1.5
NOWHERE = "xylophone quarantine"

Seconds = defaultdict[str, list[float]]


def asked() -> dict[str, dict[str, Any]]:
    """The lists that are read, by what they are called."""
    half = Timestamp()
    half.FromSeconds(int(time.time()) - 5 * 365 * 86400)
    filters: dict[str, dict[str, Any]] = {
        "all": {},
        "a tag of half": {"tag": "common"},
        "a tag of one in 20": {"tag": "some"},
        "a tag of one in 5,000": {"tag": "rare"},
        "a tag of none": {"tag": NOWHERE},
        "the path /": {"path_prefix": "/"},
        "below /government": {"path_prefix": "/government"},
        "words that many have": {"query": "government"},
        "words that few have": {"query": "harbour"},
        "words that none has": {"query": NOWHERE},
        "an author of nearly all": {"author": "author"},
        "an author of one in 1,000": {"author": "editor"},
        "a content type": {"content_type": "guide"},
        "the English ones": {"locale": "en"},
        "the Welsh ones": {"locale": "cy"},
        "in review": {"draft_state": DraftState.DRAFT_STATE_IN_REVIEW},
        "published": {"live_state": LiveState.LIVE_STATE_PUBLISHED},
        "withdrawn": {"live_state": LiveState.LIVE_STATE_WITHDRAWN},
        "with a draft": {"has_draft": True},
        "changed in the first half": {"updated_until_time": half},
        "changed since": {"updated_since_time": half},
        "scheduled": {"is_scheduled": True},
        "tag, words and author": {"tag": "common", "query": "government", "author": "author"},
    }
    orders = (
        "update_time desc",
        "title",
        "title desc",
        "path",
        "publish_time desc",
        "content_type, update_time desc",
        "content_type, title",
    )
    sorted_so = {f"by {order}": {"order_by": order} for order in orders}
    mixed = {f"a tag of half, by {order}": {"tag": "common", "order_by": order} for order in ("title", "update_time desc")}
    return filters | sorted_so | mixed


@dataclass
class Desk:
    """Who asks, and for what."""

    ours: Installation
    office: Office
    content: Any
    people: dict[str, str]
    admin: Metadata
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def request(self, said: dict[str, Any], **more: Any) -> rpc.ListDocumentsRequest:
        said = dict(said)
        if name := said.pop("author", ""):
            said["author_id"] = self.people[name]
        return rpc.ListDocumentsRequest(**said, **more)

    def read(self, request: rpc.ListDocumentsRequest) -> rpc.ListDocumentsResponse:
        answer: rpc.ListDocumentsResponse = self.content.ListDocuments(request, metadata=self.admin)
        return answer

    def deep(self, said: dict[str, Any]) -> tuple[int, str]:
        """The page before the thousandth, or before the last full one, and what leads on from there."""
        token, seen, last = "", 0, (0, "")
        while seen < PAGE * (DEEP - 1):
            answer = self.read(self.request(said, page_size=min(STRIDE, PAGE * (DEEP - 1) - seen), page_token=token))
            seen, token = seen + len(answer.documents), answer.next_page_token
            if not token:
                break
            last = (seen // PAGE, token)
        return last

    def lists(self) -> dict[str, tuple[float, float, int]]:
        """Of each list, what the first page and a deep one cost, and which page that is."""
        wanted = asked()
        places = {name: self.deep(said) for name, said in wanted.items()}
        taken: Seconds = defaultdict(list)
        for _ in range(ROUNDS):
            for name, said in wanted.items():
                for kind, token in (("first", ""), ("deep", places[name][1])):
                    if kind == "deep" and not token:
                        continue
                    request = self.request(said, page_size=PAGE, page_token=token)
                    with self.costs(taken[f"{kind} {name}"], AT_A_TIME):
                        for _ in range(AT_A_TIME):
                            self.read(request)
        medians = {name: statistics.median(each) for name, each in taken.items()}
        return {n: (medians[f"first {n}"], medians.get(f"deep {n}", 0.0), places[n][0] + 1) for n in wanted}

    def changes(self) -> dict[str, float]:
        """What a save, another save and a publication cost."""
        taken: Seconds = defaultdict(list)
        office = self.office
        for _ in range(ROUNDS):
            numbers = [*itertools.islice(self.numbers, AT_A_TIME)]
            wanted = [document(f"/bench/many/{each}", each, organisation_id=office.organisation_id) for each in numbers]
            with self.costs(taken["CreateDocument"], AT_A_TIME):
                made = [self.done("Create", office.author, document=each) for each in wanted]
            changed = [Document(id=each.id, etag=each.etag, title=f"{each.title}, again") for each in made]
            mask = FieldMask(paths=["title"])
            with self.costs(taken["UpdateDocument"], AT_A_TIME):
                made = [self.done("Update", office.author, document=each, update_mask=mask) for each in changed]
            made = [self.done("Submit", office.author, id=each.id, etag=each.etag) for each in made]
            made = [self.done("Approve", office.editor, id=each.id, etag=each.etag) for each in made]
            with self.costs(taken["PublishDocument"], AT_A_TIME):
                made = [self.done("Publish", office.publisher, id=each.id, etag=each.etag) for each in made]
        return {name: statistics.median(each) for name, each in taken.items()}

    def done(self, verb: str, by: Metadata, **asked: Any) -> Document:
        method = f"{verb}Document"
        made: Document = getattr(self.content, method)(getattr(rpc, f"{method}Request")(**asked), metadata=by).document
        return made

    @contextmanager
    def costs(self, into: list[float], calls: int) -> Iterator[None]:
        """Adds what each of so many calls has cost: CPU seconds of all that serves them."""
        pids = (*self.ours.pids, *self.ours.stores)
        before = cpu_seconds(pids)
        yield
        into.append((cpu_seconds(pids) - before) / calls)

    def imports(self) -> tuple[float, float]:
        """What each document of an import costs, and how many come in a second."""
        parts = [ImportDocumentsRequest(options=ImportOptions(organisation_id=self.office.organisation_id))]
        for number in itertools.islice(self.numbers, IMPORTS):
            wanted = document(f"/bench/imported/{number}", number, translation_key=str(uuid.uuid4()))
            source, state = f"bench/imported/{number}", LiveState.LIVE_STATE_PUBLISHED
            imported = ImportedDocument(document=wanted, source=source, live_state=state)
            parts.append(ImportDocumentsRequest(document=imported))
        cost: list[float] = []
        begin = time.monotonic()
        with self.costs(cost, IMPORTS):
            results = self.content.ImportDocuments(iter(parts), metadata=self.admin).results
        assert not [each for each in results if each.reason], results[:3]
        return cost[0], len(results) / (time.monotonic() - begin)


def begin(ours: Installation, office: Office) -> None:
    """Brings in what is multiplied: GOV.UK's examples where they are, through the API."""
    with Client(f"127.0.0.1:{ours.grpc_port}", email=EMAIL, password=PASSWORD) as client:
        if (GOVUK / "examples").is_dir():
            options = ImportOptions(organisation_id=office.organisation_id)
            known = schemas.load(GOVUK / "schemas")
            run_import(client, options, GOVUK / "examples", format="govuk", schemas=known)
            parts = [next(import_batches(office.organisation_id))]
        else:
            parts = [*import_batches(office.organisation_id)]
        for batch in parts:
            client.content.ImportDocuments(iter(batch), timeout=120)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gazette-bench-") as directory, installation.gazette(Path(directory)) as ours:
        office = Office.opened(ours)
        begin(ours, office)
        with grpc.insecure_channel(f"127.0.0.1:{ours.grpc_port}") as channel:
            desk = Desk(ours, office, ContentServiceStub(channel), people(channel, office), signed_in(channel, "admin"))
            found = {}
            for total in (FEW, MANY):
                multiplied(ours.database_url, total)
                desk.changes()  # warms up
                found[total] = desk.changes(), *desk.imports()
            report_changes(found)
            report_lists(desk.lists())
        report_sizes(asyncio.run(sizes(ours.database_url)))


def report_changes(found: dict[int, tuple[dict[str, float], float, float]]) -> None:
    (few, few_import, few_rate), (many, many_import, many_rate) = found[FEW], found[MANY]
    print(
        f"\nwith {FEW:,} documents and with {MANY:,}: ms CPU of all that serves a call, medians of {ROUNDS} times {AT_A_TIME}"
    )
    for name, cost in {**few, "a document of an import": few_import}.items():
        other = many.get(name, many_import)
        print(f"  {name:<44}{cost * 1e3:8.1f}{other * 1e3:8.1f} {verdict(other / cost)}")
    print(f"  {'documents that an import brings in a second':<44}{few_rate:8.0f}{many_rate:8.0f}")


def report_lists(found: dict[str, tuple[float, float, int]]) -> None:
    print(f"\nlists of {MANY:,} documents: the first {PAGE}, and those of a page far behind, in ms CPU")
    for name, (first, deep, page) in found.items():
        told = f"{deep * 1e3:8.1f}{page:7} {verdict(deep / first)}" if deep else ""
        print(f"  {name:<44}{first * 1e3:8.1f}{told}")


def report_sizes(found: dict[str, float]) -> None:
    print(f"\nwhat is stored: {found.pop('database') / 1e6:,.0f} MB in all")
    for table, size in found.items():
        print(f"  {table:<34}{size / 1e3:8.1f} kB each")


def verdict(ratio: float) -> str:
    return f"{ratio:6.2f} ×" + ("" if ratio <= BOUND else f"  (more than {BOUND:g})")


def people(channel: grpc.Channel, office: Office) -> dict[str, str]:
    stub = AuthServiceStub(channel)
    return {name: stub.GetMe(GetMeRequest(), metadata=getattr(office, name)).account.id for name in ("author", "editor")}
