"""The people who edit: an author, an editor who approves, a publisher, each signed in once; and the requests that they send."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from bench.costs.content import BODY, document, import_batches
from bench.generator import Generator
from bench.http2 import GrpcCalls, Metadata
from bench.installation import PASSWORD, Installation
from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.organisation_service_pb2 import ListOrganisationsRequest
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_import_pb2 import ImportOutcome
from gazette.content.v1.document_pb2 import Document
from gazette_client import Client

SERVICE = "/gazette.content.v1.ContentService"
AT_ONCE = 16


@dataclass
class Office:
    """Documents wait in the list that is named for what was done to them last; the next step takes them from there."""

    port: int
    organisation_id: str
    author: Metadata
    editor: Metadata
    publisher: Metadata
    imported: list[str] = field(default_factory=list)
    """The ids of the documents that were there before anything is measured."""
    created: list[Document] = field(default_factory=list)
    updated: list[Document] = field(default_factory=list)
    submitted: list[Document] = field(default_factory=list)
    approved: list[Document] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    @classmethod
    def opened(cls, ours: Installation) -> Office:
        address = f"127.0.0.1:{ours.grpc_port}"
        with grpc.insecure_channel(address) as channel:
            author, editor, publisher = (signed_in(channel, name) for name in ("author", "editor", "publisher"))
        with Client(address, email="admin@example.gov", password=PASSWORD) as client:
            organisation = client.organisations.ListOrganisations(ListOrganisationsRequest()).organisations[0]
        return cls(ours.grpc_port, organisation.id, author, editor, publisher)

    def bring_in(self) -> None:
        """Imports what is there before anything is measured."""
        with Client(f"127.0.0.1:{self.port}", email="admin@example.gov", password=PASSWORD) as client:
            for batch in import_batches(self.organisation_id):
                results = client.content.ImportDocuments(iter(batch), timeout=120).results
                assert not [each for each in results if each.outcome == ImportOutcome.IMPORT_OUTCOME_REFUSED], results[:3]
                self.imported += [each.document_id for each in results if each.document_id]

    def calls(self, method: str, requests: Sequence[Any], by: Metadata) -> GrpcCalls:
        raw = [each.SerializeToString() for each in requests]
        return GrpcCalls(self.port, f"{SERVICE}/{method}", raw, metadata=by, at_once=AT_ONCE, keeps=True)

    def create(self, count: int) -> GrpcCalls:
        numbers = itertools.islice(self.numbers, count)
        wanted = [document(f"/bench/new/{number}", number, organisation_id=self.organisation_id) for number in numbers]
        return self.calls("CreateDocument", [rpc.CreateDocumentRequest(document=each) for each in wanted], self.author)

    def update(self, count: int) -> GrpcCalls:
        """Another title and another body."""
        changed = [
            Document(id=each.id, etag=each.etag, title=f"{each.title}, in short", body=f"In short:\n\n{BODY}")
            for each in taken(self.created, count)
        ]
        mask = FieldMask(paths=["title", "body"])
        requests = [rpc.UpdateDocumentRequest(document=each, update_mask=mask) for each in changed]
        return self.calls("UpdateDocument", requests, self.author)

    def submit(self, count: int) -> GrpcCalls:
        requests = [rpc.SubmitDocumentRequest(id=each.id, etag=each.etag) for each in taken(self.updated, count)]
        return self.calls("SubmitDocument", requests, self.author)

    def publish(self, count: int) -> GrpcCalls:
        requests = [rpc.PublishDocumentRequest(id=each.id, etag=each.etag) for each in taken(self.approved, count)]
        return self.calls("PublishDocument", requests, self.publisher)

    def approve(self, generator: Generator) -> None:
        """Everything that was submitted, by somebody who wrote none of it; not measured."""
        requests = [
            rpc.ApproveDocumentRequest(id=each.id, etag=each.etag) for each in taken(self.submitted, len(self.submitted))
        ]
        made = generator.make(self.calls("ApproveDocument", requests, self.editor))
        self.approved += [rpc.ApproveDocumentResponse.FromString(each).document for each in made.answers]


def taken(documents: list[Document], count: int) -> list[Document]:
    """Takes so many out of the list."""
    assert len(documents) >= count, "a step is asked for more documents than the one before has left"
    first, documents[:count] = documents[:count], []
    return first


def signed_in(channel: grpc.Channel, name: str) -> Metadata:
    answer: Any = AuthServiceStub(channel).Login(LoginRequest(email=f"{name}@example.gov", password=PASSWORD))
    return (("authorization", f"Bearer {answer.access_token}"),)
