"""Decisions: which way an upload goes, in which parts, and whose it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gazette.files.v1.upload_pb2 import UploadPart
from server.files.resumable.failures import UploadIncomplete, UploadWayUnavailable
from server.files.stages import Way
from server.rpc.failures import Violation

MIB = 1 << 20
FORM_BYTES = 100_000_000
"""The longest file that goes as one form."""
SMALL_BYTES = 8 * MIB
"""What is no longer goes to Gazette, unless somebody wants it otherwise: it is there in one request, and is examined in it."""
LEAST_PART_BYTES = 64 * MIB
MOST_PARTS = 1000
MOST_PIECES = 10_000
"""The parts that an object storage takes, at the most."""
TAIL = 0
"""The number of what is shorter than a part, among the parts."""


class Plan(NamedTuple):
    """How a file's bytes are divided into parts."""

    size: int
    part_bytes: int

    @property
    def total(self) -> int:
        return -(-self.size // self.part_bytes)

    def length(self, number: int) -> int:
        """Of the part of this number, from 1 on."""
        return min(self.part_bytes, self.size - (number - 1) * self.part_bytes)

    def numbers(self) -> Iterator[int]:
        return iter(range(1, self.total + 1))


def plan(size: int) -> Plan:
    """In a thousand parts at the most, of whole mebibytes."""
    return Plan(size, max(LEAST_PART_BYTES, -(-size // (MOST_PARTS * MIB)) * MIB))


def chosen_way(wanted: int, size: int, *, presigns: bool, part_bytes: int) -> Way:
    """Raises UploadWayUnavailable."""
    way = Way(wanted) if wanted else default_way(size, presigns=presigns)
    if way is not Way.RESUMABLE and not presigns:
        raise UploadWayUnavailable("This installation keeps files in a folder, to which nobody else can send any.")
    if way is Way.FORM and size > FORM_BYTES:
        raise UploadWayUnavailable(f"A form takes {FORM_BYTES} bytes at most; ask for parts.", max_bytes=str(FORM_BYTES))
    if way is Way.RESUMABLE and size > MOST_PIECES * part_bytes:
        most = MOST_PIECES * part_bytes
        raise UploadWayUnavailable(f"In pieces a file may have {most} bytes at most; ask for parts.", max_bytes=str(most))
    return way


def default_way(size: int, *, presigns: bool) -> Way:
    if not presigns or size <= SMALL_BYTES:
        return Way.RESUMABLE
    return Way.FORM if size <= FORM_BYTES else Way.PARTS


def parts_that_came(given: Sequence[UploadPart], plan: Plan) -> list[tuple[int, int, str]]:
    """All parts in their order: number, length, and the storage's name for each. Raises UploadIncomplete."""
    tags = {part.number: part.etag.strip() for part in given}
    for number in plan.numbers():
        if not tags.get(number):
            told = f"lack the part {number}, with the ETag that the object storage gave it"
            raise UploadIncomplete(Violation("parts", told))
    if len(tags) != len(given) or len(tags) != plan.total:
        raise UploadIncomplete(Violation("parts", f"are to be those from 1 to {plan.total}, each once"))
    return [(number, plan.length(number), tags[number]) for number in plan.numbers()]
