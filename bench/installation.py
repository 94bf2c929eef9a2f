"""What is measured: the stores, one worker process behind Envoy and the demo; and a bare server behind its own Envoy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.envoy import Envoy
from devstack.home import Home
from devstack.ports import free_port
from devstack.processes import Process
from devstack.run import Ports, environment_beside
from devstack.server import Server, Task
from devstack.stack import Stack

EMAIL, PASSWORD = "admin@example.gov", "gazette-demo-only"
"""The demo's administrator."""
NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Installation:
    """What serves, by process id and port."""

    grpc_port: int
    http_port: int
    pids: tuple[int, ...]
    """The server's, and its Envoy's."""
    stores: tuple[int, ...] = ()
    """PostgreSQL's and Redis's."""
    database_url: str = ""
    """The database, as the role that owns the tables."""


def pid(process: Process) -> int:
    assert process.pid is not None
    return process.pid


@contextmanager
def gazette(
    path: Path, *, log_level: str = "warn", workers: int = 1, settings: Mapping[str, str] = NONE
) -> Iterator[Installation]:
    """Everything that `make run` starts, with one worker unless more are asked for, and with these settings."""
    ports = Ports(http=free_port(), grpc=free_port(), metrics=free_port())
    with ExitStack() as running:
        home = Home.at(path)
        running.enter_context(home.lock())
        stack = Stack(home)
        running.callback(stack.stop)
        stack.launch()
        environment = {**environment_beside(stack, ports), "WORKERS": str(workers), "LOG_LEVEL": log_level}
        environment |= {"RATE_LIMIT_MAX": "1000000000", **settings}
        for task in ("migrate", "demo"):
            Task(task, home, environment).run()
        server = Server(home, environment)
        running.callback(server.stop)
        server.start()
        envoy = Envoy(home, port=ports.http, workers=workers)
        running.callback(envoy.stop)
        envoy.start()
        stores = (pid(stack.postgres), pid(stack.redis))
        yield Installation(ports.grpc, ports.http, (pid(server), pid(envoy)), stores, stack.migration_database_url)


@contextmanager
def bare(path: Path, answer: bytes) -> Iterator[Installation]:
    """The bare handler in a process of its own, behind an Envoy with the same configuration."""
    with ExitStack() as running:
        alone = running.enter_context(bare_server(path, answer))
        envoy = BareEnvoy(Home.at(path), port=free_port(), workers=1)
        running.callback(envoy.stop)
        envoy.start()
        yield Installation(alone.grpc_port, envoy.port, (*alone.pids, pid(envoy)))


@contextmanager
def bare_server(path: Path, answer: bytes) -> Iterator[Installation]:
    """The bare handler without an Envoy."""
    home = Home.at(path)
    (path / "answer").write_bytes(answer)
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), str(home.sockets / "worker-0.sock"), str(path / "answer")]
    with ExitStack() as running:
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        running.callback(process.wait)
        running.callback(process.terminate)
        assert process.stdout is not None
        process.stdout.readline()
        yield Installation(port, 0, (process.pid,))


class BareEnvoy(Envoy):
    """Envoy before a server that has no /health."""

    def problem(self) -> str | None:
        return None
