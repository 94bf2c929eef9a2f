"""A file is taken for what it is only after all of it was looked through: hashed, parsed in a process of its own, which ends
where it takes too much, and scanned for viruses.

The bytes are those that were stored, and not those that came: so what is served later is what was looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from prometheus_client import Counter

from server.background.places import Places
from server.background.processes import Processes, TooCostly
from server.files import failures
from server.files.examining import copies, sniffing
from server.files.examining.copies import Copy
from server.files.examining.found import Found
from server.files.fields import Fields
from server.files.scanning import Scanner
from server.files.scanning.scans import scanned
from server.formats import parsing
from server.formats.malformed import Malformed
from server.formats.parsing import Findings
from server.formats.types import IMAGES
from server.rpc.failures import Unavailable, Violation
from server.stores.blobs import BlobNotFound, ObjectStorage

AT_ONCE, WAITING = 2, 32
"""How many files a process looks through at a time, each of which may have a copy in memory; and how many wait for that."""
PATIENCE = 30.0
"""Seconds that a file may take on a busy machine; a long one takes longer. A process that does nothing is ended then."""
SLOWNESS = 5
"""How many times the CPU time that it has."""

First = TypeVar("First")
Second = TypeVar("Second")

INSPECTED = Counter("gazette_files_inspected_total", "Files that were parsed, by media type and outcome.", ["type", "outcome"])


class Announced(NamedTuple):
    """What a file is said to be."""

    name: str
    size_bytes: int
    sha256: str
    """Empty where it was not said."""
    tag: str = ""
    """The storage's, of bytes that the server itself counted and hashed on their way there; else empty."""


class Examined(NamedTuple):
    """What was found, and what an image became when its metadata was taken from it."""

    found: Found
    text: str | None
    is_truncated: bool
    cleaned_path: str
    """Empty where the bytes stay as they came."""


@dataclass(frozen=True)
class Examination:
    """Looks through what is in the storage."""

    storage: ObjectStorage
    processes: Processes
    """In which the parsers are."""
    scanner: Scanner | None
    allowed_types: frozenset[str]
    places: Places = field(default_factory=lambda: Places(AT_ONCE, WAITING))

    @property
    def checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Whether the scanner is there, where there is to be one."""
        return {} if self.scanner is None else {"virus_scanner": self.scanner.check}

    @asynccontextmanager
    async def examined(
        self, key: str, announced: Announced, fields: Fields, *, is_restored: bool = False
    ) -> AsyncIterator[Examined]:
        """What is there under the key. What was restored is taken as it is, if no virus is known in it.

        Raises Rejected, ScannerUnavailable, ResourceExhausted at once where too many wait already, Unavailable, and what
        reading from the storage does.
        """
        async with self.places.place():
            stat = await self.storage.stat(key)
            if stat is None:
                raise BlobNotFound(key)
            known = announced.sha256 if announced.tag == stat.tag else ""
            async with copies.at_hand(self.storage, key, stat.size, known) as copy:
                check_size(copy, announced, fields)
                content_type = await self.sniffed(copy, announced, fields)
                with copies.nameless(copy.size if content_type in IMAGES and not is_restored else 0) as cleaned:
                    cleaned_path = copies.path_of(cleaned)
                    original, findings = await both(
                        self.hashed(copy, announced, fields),
                        self.looked_through(copy, content_type, cleaned_path, fields, is_restored=is_restored),
                    )
                    if self.scanner is not None:
                        await self.scan(self.scanner, copy, fields)
                    size, sha256 = copy.size, original
                    if findings.is_cleaned:
                        size, sha256 = await asyncio.to_thread(copies.hashed, f"/proc/self/fd/{cleaned}")
                    found = Found(findings.content_type, size, sha256, original, stat.tag, findings.facts, findings.is_cleaned)
                    text = findings.text if findings.text is None else findings.text.replace("\0", "")
                    yield Examined(found, text, findings.is_truncated, cleaned_path if findings.is_cleaned else "")

    async def inspected(self, key: str, content_type: str) -> str:
        """The blob's SHA-256, if all of it is of the media type. Raises Malformed, TooCostly, ResourceExhausted, Unavailable,
        and what reading from the storage does."""
        async with self.places.place(), copies.at_hand(self.storage, key, copies.IN_MEMORY + 1) as copy:
            await self.parsed(copy, content_type, "")
            return await copy.sha256()

    async def hashed(self, copy: Copy, announced: Announced, fields: Fields) -> str:
        """Raises Sha256Mismatch, and BlobNotFound."""
        sha256 = await copy.sha256()
        if announced.sha256 in {"", sha256}:
            return sha256
        if announced.tag:  # what came back from the storage is not what it got
            raise Unavailable
        raise failures.Sha256Mismatch(Violation(fields.sha256, f"is not that of the bytes that came, {sha256}"))

    async def sniffed(self, copy: Copy, announced: Announced, fields: Fields) -> str:
        """Raises FileTypeNotAllowed."""
        head = await asyncio.to_thread(copies.beginning, copy.path, sniffing.SNIFFED_BYTES)
        return sniffing.content_type(head, announced.name, self.allowed_types, fields)

    async def looked_through(
        self, copy: Copy, content_type: str, cleaned_path: str, fields: Fields, *, is_restored: bool
    ) -> Findings:
        try:
            return await self.parsed(copy, content_type, "" if is_restored else cleaned_path)
        except Malformed as error:
            if is_restored:
                return Findings(content_type, {})
            raise failures.FileMalformed(Violation(fields.content, str(error))) from None
        except TooCostly:
            if is_restored:
                return Findings(content_type, {})
            seconds = parsing.seconds(content_type, copy.size)
            bound = f"takes more than {seconds:g} seconds or {parsing.MEMORY >> 20} MB to look through; make it simpler"
            raise failures.FileTooCostly(Violation(fields.content, bound)) from None

    async def parsed(self, copy: Copy, content_type: str, cleaned_path: str) -> Findings:
        """Raises Malformed, TooCostly, ResourceExhausted and Unavailable."""
        outcome, seconds = "unavailable", parsing.seconds(content_type, copy.size)
        try:
            async with self.processes.place():
                try:
                    async with asyncio.timeout(patience(seconds)):
                        findings = await self.processes.done(
                            parsing.parse, copy.path, content_type, cleaned_path, seconds=seconds
                        )
                except TimeoutError:
                    raise Unavailable from None
            outcome = "sound"
        except Malformed:
            outcome = "malformed"
            raise
        except TooCostly:
            outcome = "too costly"
            raise
        finally:
            INSPECTED.labels(content_type, outcome).inc()
        return findings

    async def scan(self, scanner: Scanner, copy: Copy, fields: Fields) -> None:
        """Raises FileInfected and ScannerUnavailable."""
        async with aclosing(copies.pieces_of(copy.path)) as pieces:
            signature = await scanned(scanner, pieces, copy.size)
        if signature:
            raise failures.FileInfected(Violation(fields.content, f"contains {signature}, as the virus scanner calls it"))


async def both(first: Awaitable[First], second: Awaitable[Second]) -> tuple[First, Second]:
    """What both return, at the same time. Where both fail, the failure of the first is raised."""
    one, other = await asyncio.gather(first, second, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    if isinstance(other, BaseException):
        raise other
    return one, other


def patience(seconds: float) -> float:
    return max(PATIENCE, seconds * SLOWNESS) if PATIENCE else 0.0


def check_size(copy: Copy, announced: Announced, fields: Fields) -> None:
    """Raises SizeMismatch, or Unavailable for what came back from the storage otherwise than it came."""
    if copy.size == announced.size_bytes:
        return
    if announced.tag:
        raise Unavailable
    raise failures.SizeMismatch(Violation(fields.size, f"says {announced.size_bytes} bytes, and {copy.size} came"))
