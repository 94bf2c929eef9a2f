"""The process that `gazette serve` is: starts the workers, replaces the dead, drains all on SIGTERM, and serves their metrics.

Workers are new processes and not forks: grpc does not survive a fork once it has started.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import multiprocess

if TYPE_CHECKING:
    from asyncio.subprocess import Process

from server.process import tls
from server.process.metrics import Metrics, folder
from server.rpc.failures import Unavailable
from server.settings import CANNOT_START, CannotStart, Settings, child_environment
from server.stores import postgres, schema

log = structlog.get_logger(__name__)

KILL_MARGIN = 5.0
"""Seconds beyond the drain time after which a worker that does not end is killed."""
BACKOFF = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a worker is started again, by how often in a row it died young."""
YOUNG = 30.0
CHECK_SECONDS = 0.25
MEMORY = {"MALLOC_ARENA_MAX": "2"}
"""glibc gives each thread an arena of its own, whose free memory the others never use: after an import that was 20 MB."""
LAST_WORDS = 1.0
"""Seconds to wait for the end of what a worker said that has ended: somebody else may hold its standard error."""


@dataclass
class Supervisor:
    """Keeps the workers running."""

    settings: Settings
    metrics_directory: Path
    options: tuple[str, ...] = ()
    """What each process is told, beside its number."""
    metrics: Metrics | None = None
    processes: dict[int, Process] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    last_words: dict[int, str] = field(default_factory=dict)
    """What each worker last said on standard error."""

    async def run(self) -> None:
        """Returns when all workers have ended because they were told to. Raises CannotStart."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.stop)
        refusals = await asyncio.gather(*(self.keep(number) for number in range(self.settings.workers)))
        for refusal in filter(None, refusals):
            raise CannotStart(refusal)

    async def keep(self, number: int) -> str | None:
        """Keeps one worker running until the service stops. What keeps it from its very first start ends the service, and is
        returned; later it is tried again, since the other workers may well be serving."""
        is_first, deaths = True, 0
        while not self.is_stopping:
            start = time.monotonic()
            code = await self.run_worker(number)
            if code == CANNOT_START and is_first:
                self.stop()
                return self.last_words.get(number, "a worker cannot start")
            if self.is_stopping:
                return None
            is_first = False
            if self.metrics is not None:
                self.metrics.ended(code, can_start=code != CANNOT_START)
            deaths = 0 if code == 0 or time.monotonic() - start > YOUNG else deaths + 1
            pause = BACKOFF[min(deaths, len(BACKOFF) - 1)]
            log.warning("worker ended, starting another", worker=number, code=code, pause=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
        return None

    @property
    def is_stopping(self) -> bool:
        return self.stopping.is_set()

    async def run_worker(self, number: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server",
            "process",
            str(number),
            *self.options,
            env=child_environment(PROMETHEUS_MULTIPROC_DIR=str(self.metrics_directory), **MEMORY),
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal reaches the supervisor alone, which drains the workers
        )
        self.processes[number] = process
        self.count()
        if self.is_stopping:
            with suppress(ProcessLookupError):
                process.terminate()
        hearing = asyncio.create_task(self.hear(number, process))
        try:
            code = await exit_code(process)
            await asyncio.wait([hearing], timeout=LAST_WORDS)
            return code
        finally:
            del self.processes[number]
            self.count()
            multiprocess.mark_process_dead(process.pid, str(self.metrics_directory))  # type: ignore[no-untyped-call]

    def count(self) -> None:
        if self.metrics is not None:
            self.metrics.workers.set(len(self.processes))

    async def hear(self, number: int, process: Process) -> None:
        """Logs what is said on standard error, by gRPC's core or a dying interpreter, as JSON as everything else."""
        assert process.stderr is not None
        while said := await process.stderr.read(65536):
            for line in said.decode(errors="replace").splitlines():
                self.last_words[number] = line
                log.warning("said on standard error", worker=number, text=line)

    def stop(self) -> None:
        """Asks every worker to drain; kills those that do not end."""
        if self.is_stopping:
            return
        self.stopping.set()
        for process in self.processes.values():
            with suppress(ProcessLookupError):  # one that has just ended must not keep the others from being told
                process.terminate()
        longest = self.settings.drain_time.total_seconds() + KILL_MARGIN
        asyncio.get_running_loop().call_later(longest, self.kill)

    def kill(self) -> None:
        for number, process in self.processes.items():
            log.error("worker did not end, killing it", worker=number)
            with suppress(ProcessLookupError):
                process.kill()


async def exit_code(process: Process) -> int:
    """As soon as there is one. `Process.wait` waits for the end of standard error too, which a child of the worker may hold."""
    waiting = asyncio.create_task(process.wait())
    while process.returncode is None:
        await asyncio.wait([waiting], timeout=CHECK_SECONDS)
    waiting.cancel()
    return process.returncode


def serve(settings: Settings, *options: str) -> None:
    """Runs the service until it is told to stop, with these options for its processes. Raises CannotStart."""
    tls.check(settings)
    check_port(settings.grpc_host, settings.grpc_port, "GRPC_PORT")
    check_port(settings.metrics_host, settings.metrics_port, "METRICS_PORT")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until there are workers to drain: so that the folder goes
    with folder() as directory:
        metrics = Metrics(settings, directory)
        metrics.serve(settings.metrics_host, settings.metrics_port)
        asyncio.run(checked(settings, directory, options, metrics))


async def checked(settings: Settings, metrics_directory: Path, options: tuple[str, ...], metrics: Metrics) -> None:
    await check_database(settings)
    await Supervisor(settings, metrics_directory, options, metrics).run()


async def check_database(settings: Settings) -> None:
    """Raises CannotStart unless the database can be reached and has the schema of this release."""
    pools = postgres.connect(settings)
    try:
        async with pools.read() as connection:
            await schema.check(connection)
    except Unavailable as error:
        raise CannotStart(
            f"the database of DATABASE_URL cannot be reached ({postgres.cause(error.__cause__)}); start it or mend the URL"
        ) from None
    finally:
        await pools.close()


def check_port(host: str, port: int, variable: str) -> None:
    """Raises CannotStart when somebody else listens there. Workers share the port, so they would not notice each other."""
    if port == 0:
        return
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"port {port} on {host} cannot be used ({error.strerror}); set {variable} to a free one"
            ) from None
