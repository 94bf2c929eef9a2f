"""Work whose cost a caller chooses, in processes of its own: bounded in CPU time and memory, and ended where it takes more.

A thread would not do: it shares the interpreter's lock with the event loop, and nothing ends it. The processes are started at
need, used again, and gone with the process that started them. (The standard library's pools cannot end work, and anyio's ties
its processes to one root task.)
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from signal import SIGKILL
from typing import Any, TypeVar

import structlog
from prometheus_client import Counter

from server.background import child
from server.background.child import LENGTH
from server.background.places import Places
from server.rpc.failures import Unavailable

log = structlog.get_logger(__name__)

AT_ONCE = 2
"""How many processes a worker has at most."""
WAITING = 32
"""How many calls may wait for one."""
NICENESS = 5
"""How far the processes stand back from the event loops, whose readers are many and have little to wait for."""
MEMORY = 1 << 30
"""Bytes of address space that each may have."""
BUFFER = 1 << 20

ENDED = Counter("gazette_work_ended_total", "Work that took more time or memory than it may, by function.", ["function"])

Result = TypeVar("Result")


class TooCostly(Exception):
    """The work took more CPU time or memory than it was given. It was ended, and nothing of what it had done is left."""


class Processes(Places):
    """At most so many processes for one worker, and so many calls that wait for them. They stand back by so much and have
    so much memory, once they have imported these modules."""

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        waiting: int = WAITING,
        niceness: int = NICENESS,
        memory: int = MEMORY,
        imports: Sequence[str] = (),
    ) -> None:
        self.command = (sys.executable, "-m", child.__name__, str(niceness), str(memory), *imports)
        super().__init__(at_once, waiting)
        self.idle: list[Process] = []
        self.all: set[Process] = set()
        self.is_closed = False

    async def run(self, function: Callable[..., Result], *arguments: Any, seconds: float) -> Result:
        """What the function returns for these arguments. It is a module's, so that another process finds it by its name; what
        goes to it and comes back is pickled. `seconds` are of CPU time, which a busy machine does not use up.

        Raises TooCostly, what the function raises, ResourceExhausted at once where too many wait already, and Unavailable where
        no process starts or somebody else ended it. A caller that is cancelled ends the work.
        """
        async with self.place():
            return await self.done(function, *arguments, seconds=seconds)

    async def done(self, function: Callable[..., Result], *arguments: Any, seconds: float) -> Result:
        """As `run`, for those that have a place. What somebody else ended is begun again, once."""
        request = pickle.dumps((function, arguments, seconds), pickle.HIGHEST_PROTOCOL)
        try:
            return await self.once(function, request)
        except Unavailable:
            return await self.once(function, request)

    async def once(self, function: Callable[..., Result], request: bytes) -> Result:
        process = await self.process()
        try:
            is_result, value = pickle.loads(await asked(process, request))  # noqa: S301  from the child  # nosec B301
        except (EOFError, OSError) as error:
            code = await process.wait()
            if code == -SIGKILL:
                raise Unavailable from error
            ENDED.labels(function.__qualname__).inc()
            log.warning("work ended that cost too much", function=function.__qualname__, code=code)
            raise TooCostly from error
        except BaseException:
            end(process)
            raise
        self.idle.append(process)
        if is_result:
            result: Result = value
            return result
        raise value

    async def process(self) -> Process:
        """One that is free, the last one used first, or a new one. Raises Unavailable."""
        while self.idle:
            process = self.idle.pop()
            if process.returncode is None:
                return process
        if self.is_closed:
            raise Unavailable
        self.all = {each for each in self.all if each.returncode is None}
        try:
            process = await asyncio.create_subprocess_exec(*self.command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=BUFFER)
        except OSError as error:
            raise Unavailable from error
        self.all.add(process)
        return process

    async def close(self) -> None:
        """Ends all of them, whatever they do, and waits until they are gone. None is started afterwards."""
        self.is_closed = True
        for each in self.all:
            end(each)
        for each in self.all:
            await each.wait()


def end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


async def asked(process: Process, request: bytes) -> bytes:
    """Raises EOFError and OSError if the process ends before it has answered."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(len(request).to_bytes(LENGTH))
    process.stdin.write(request)
    await process.stdin.drain()
    return await process.stdout.readexactly(int.from_bytes(await process.stdout.readexactly(LENGTH)))
