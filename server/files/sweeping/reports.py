"""What a sweep has found, and done."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Orphan(NamedTuple):
    """Something in the storage that nothing refers to: a blob, or an assembly where it is named."""

    key: str
    size: int
    """In bytes; 0 of an assembly, of which that is not known."""
    assembly: str = ""


class Lost(NamedTuple):
    """A version of a file whose bytes are not in the storage as they should be."""

    file_id: uuid.UUID
    version: int
    organisation_id: uuid.UUID
    name: str
    key: str
    flaw: str


class Miscount(NamedTuple):
    """An organisation whose usage said something else than its files do."""

    organisation_id: uuid.UUID
    counted_bytes: int
    found_bytes: int


@dataclass
class Report:
    """All of it."""

    objects: int = 0
    """How many there are in the storage."""
    blobs: int = 0
    """How many of them are files' own bytes."""
    files: int = 0
    """How many versions of files were looked for."""
    orphans: list[Orphan] = field(default_factory=list)
    """Found; removed, unless `is_held_back` or it was a dry run."""
    is_held_back: bool = False
    """There were too many orphans among the blobs to believe it, and these were left."""
    lost: list[Lost] = field(default_factory=list)
    lost_renditions: list[str] = field(default_factory=list)
    """Their rows go: they are made anew when somebody asks for them."""
    miscounts: list[Miscount] = field(default_factory=list)

    def totals(self) -> dict[str, Any]:
        """As `file_sweeps.found` has it, for the metrics."""
        return {
            "objects": self.objects,
            "orphans": len(self.orphans),
            "held_back": self.held_back(),
            "lost": len(self.lost),
            "lost_renditions": len(self.lost_renditions),
            "miscounts": len(self.miscounts),
        }

    def held_back(self) -> int:
        return sum(each.key.startswith("blobs/") and not each.assembly for each in self.orphans) if self.is_held_back else 0

    def written(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "objects": self.objects,
            "files": self.files,
            "orphans": [each._asdict() for each in self.orphans],
            "isHeldBack": self.is_held_back,
            "lost": [
                {
                    "fileId": str(each.file_id),
                    "version": each.version,
                    "organisationId": str(each.organisation_id),
                    "name": each.name,
                    "key": each.key,
                    "flaw": each.flaw,
                }
                for each in self.lost
            ],
            "lostRenditions": self.lost_renditions,
            "miscounts": [
                {
                    "organisationId": str(each.organisation_id),
                    "countedBytes": str(each.counted_bytes),
                    "foundBytes": str(each.found_bytes),
                }
                for each in self.miscounts
            ],
        }


def lines(report: Report, *, removes: bool) -> Iterator[str]:
    """What people read of it."""
    for orphan in report.orphans:
        what = f"begun as {orphan.assembly}" if orphan.assembly else f"{orphan.size} bytes"
        yield f"orphan  {orphan.key}  {what}"
    for lost in report.lost:
        yield f"lost  {lost.file_id} version {lost.version}  {lost.organisation_id}  {lost.name}  {lost.key} {lost.flaw}"
    for key in report.lost_renditions:
        yield f"rendition  {key}  is lost, and made anew when it is asked for"
    for usage in report.miscounts:
        yield f"usage  {usage.organisation_id}  was counted as {usage.counted_bytes} bytes, and is {usage.found_bytes}"
    done = "were removed" if removes else "would be removed"
    if report.is_held_back:
        done += f", but for {report.held_back()} blobs, too many to believe it: is this the database of this storage?"
    yield f"{report.objects} objects, {len(report.orphans)} orphans, which {done}"
    yield f"{report.files} versions of files, {len(report.lost)} of them lost"
