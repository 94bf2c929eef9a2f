"""What became of an import."""

from __future__ import annotations

from dataclasses import dataclass, field

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportOutcome, ImportResult
from gazette.content.v1.notice_pb2 import Notice
from gazette_client import GazetteError
from server.importer.failures import Refusal


@dataclass
class Summary:
    """What became of an import."""

    files: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    content_types: int = 0
    """Content types that were made."""
    stored_files: int = 0
    redirects: int = 0
    """Former paths that lead to documents since."""
    organisations: int = 0
    record_entries: int = 0
    """Entries that were restored without a document."""
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    """What of the documents does not reach readers as it was written."""
    seconds: float = 0.0
    is_interrupted: bool = False
    trouble: str = ""
    """What ended it before all was sent: the server went away, say."""
    known_types: list[ContentType] = field(default_factory=list)
    """Content types of the source that the server had already, whatever it had them say."""

    @property
    def documents(self) -> int:
        """How many documents the server took, changed or not."""
        return self.created + self.updated + self.unchanged

    @property
    def documents_per_second(self) -> float:
        return self.documents / self.seconds if self.seconds else 0.0

    def add_broken_off(self, error: GazetteError) -> None:
        """Counts what a call had committed that was ended before its answer."""
        self.created += int(error.metadata.get("created", 0))
        self.updated += int(error.metadata.get("updated", 0))
        self.content_types += int(error.metadata.get("content_types", 0))

    def add_rehearsed(self, part: ImportDocumentsRequest) -> None:
        """Counts what would be sent, as if nothing of it were there."""
        kind = part.WhichOneof("part")
        self.created += kind == "document"
        self.content_types += kind == "content_type"
        self.stored_files += kind == "file"
        self.redirects += kind == "redirect"
        self.organisations += kind == "organisation"
        self.record_entries += kind == "record_entry"

    def add(self, part: ImportDocumentsRequest, result: ImportResult) -> None:
        self.notices += [noticed(result.source, each) for each in result.notices]
        kind, is_new = part.WhichOneof("part"), result.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED
        if result.outcome == ImportOutcome.IMPORT_OUTCOME_REFUSED:
            self.refusals.append(Refusal(result.source, f"{result.reason}: {result.message}"))
        elif kind == "document":
            self.created += is_new
            self.updated += result.outcome == ImportOutcome.IMPORT_OUTCOME_UPDATED
            self.unchanged += result.outcome == ImportOutcome.IMPORT_OUTCOME_UNCHANGED
        elif kind == "content_type":
            self.content_types += is_new
            if not is_new:
                self.known_types.append(part.content_type)
        else:
            self.stored_files += is_new and kind == "file"
            self.redirects += is_new and kind == "redirect"
            self.organisations += is_new and kind == "organisation"
            self.record_entries += is_new and kind == "record_entry"


def noticed(source: str, notice: Notice) -> str:
    """A notice for people."""
    line = f" line {notice.line}" if notice.line else ""
    times = f" ({notice.count} times)" if notice.count > 1 else ""
    return f"{source}: {notice.field}{line}: {notice.reason}: {notice.message}{times}"
