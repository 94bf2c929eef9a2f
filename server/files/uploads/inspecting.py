"""A file is taken for what it is only after all of it was parsed: in a process of its own, which ends where it takes too much.

The bytes are those that were stored, and not those that came: so what is served later is what was looked at. They get to the
process as a file in memory, of which there are no more at a time than there are processes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from contextlib import aclosing, contextmanager

from prometheus_client import Counter

from server.background.processes import Processes, TooCostly
from server.formats import parsing
from server.formats.malformed import Malformed
from server.rpc.failures import Unavailable
from server.stores.blobs import ObjectStorage

SECONDS = 2.0
"""Of CPU time for a file."""
PATIENCE = 30.0
"""Seconds that a file may take on a busy machine. A process that does nothing is ended then."""

INSPECTED = Counter("gazette_files_inspected_total", "Files that were parsed, by media type and outcome.", ["type", "outcome"])


class Inspection:
    """Parses what is in the storage, in processes that have imported the parsers."""

    def __init__(self, storage: ObjectStorage, processes: Processes) -> None:
        self.storage = storage
        self.processes = processes

    async def inspect(self, key: str, content_type: str) -> str:
        """The blob's SHA-256, if all of it is of the media type. Raises Malformed, TooCostly, ResourceExhausted at once where
        too many wait already, Unavailable, and what reading from the storage does."""
        outcome = "unavailable"
        try:
            sha256 = await self.parsed(key, content_type)
            outcome = "sound"
        except Malformed:
            outcome = "malformed"
            raise
        except TooCostly:
            outcome = "too costly"
            raise
        finally:
            INSPECTED.labels(content_type, outcome).inc()
        return sha256

    async def parsed(self, key: str, content_type: str) -> str:
        found = hashlib.sha256()
        async with self.processes.place():
            with memory_file() as descriptor:
                async with aclosing(self.storage.read(key)) as pieces:
                    async for piece in pieces:
                        found.update(piece)
                        os.write(descriptor, piece)
                path = f"/proc/{os.getpid()}/fd/{descriptor}"
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self.processes.done(parsing.parse, path, content_type, seconds=SECONDS)
                except TimeoutError:
                    raise Unavailable from None
        return found.hexdigest()


@contextmanager
def memory_file() -> Iterator[int]:
    """Its descriptor, which another process of ours can open by the path of it, and which leaves nothing behind."""
    descriptor = os.memfd_create("file")
    try:
        yield descriptor
    finally:
        os.close(descriptor)
