"""What this client has published, so that it reads nothing older afterwards, whichever process answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from gazette.content.v1.content_service_pb2 import BatchPublishDocumentsResponse, PublishDocumentResponse
from gazette.content.v1.document_import_pb2 import ImportDocumentsResponse
from gazette.content.v1.paths_pb2 import SwapPathsResponse
from gazette.content.v1.taking_down_pb2 import (
    RestoreDocumentResponse,
    UnpublishDocumentResponse,
    WithdrawDocumentResponse,
)
from gazette_client.errors import GazetteError

PUBLISHES = (
    PublishDocumentResponse,
    SwapPathsResponse,
    ImportDocumentsResponse,
    WithdrawDocumentResponse,
    UnpublishDocumentResponse,
    RestoreDocumentResponse,
)
"""What is answered to whoever changes what the public sees."""
HEADER = "x-min-record-number"
NOT_REACHED = "RECORD_NOT_REACHED"


@dataclass(slots=True)
class Publications:
    """The last entry of the record that this client's own publications have made."""

    record_number: int = 0
    lock: Lock = field(default_factory=Lock, repr=False)

    def learn(self, answer: Any) -> None:
        """Takes over what an answer says."""
        if isinstance(answer, PUBLISHES):
            self.reach(answer.record_number)
        elif isinstance(answer, BatchPublishDocumentsResponse):
            self.reach(max((each.response.record_number for each in answer.results), default=0))

    def learn_of_failure(self, error: GazetteError) -> None:
        """An import that ended early says what it had published until then."""
        number = error.metadata.get("record_number", "")
        if number.isascii() and number.isdigit():
            self.reach(int(number))

    def reach(self, number: int) -> None:
        with self.lock:
            self.record_number = max(self.record_number, number)

    def forget(self, number: int) -> None:
        """The record does not reach so far any more: it was set back, to a backup say."""
        with self.lock:
            if self.record_number <= number:
                self.record_number = 0
