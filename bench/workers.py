"""Single workers, without their supervisor and without Envoy, on stores that hold the demo."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.home import Home
from devstack.ports import free_port
from devstack.run import Ports, environment_beside
from devstack.server import Server, Task
from devstack.stack import Stack


@dataclass(frozen=True)
class Asked:
    """A worker that answers calls."""

    name: str
    port: int
    pid: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Stores:
    """PostgreSQL and Redis with the demo's content."""

    home: Home
    environment: Mapping[str, str]
    database_url: str
    notes: Path
    """A file for what a worker notes of itself."""

    @classmethod
    @contextmanager
    def filled(cls, *, log_level: str = "warn") -> Iterator[Stores]:
        with ExitStack() as running:
            directory = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="gazette-bench-")))
            home = Home.at(directory)
            running.enter_context(home.lock())
            stack = Stack(home)
            running.callback(stack.stop)
            stack.launch()
            environment = environment_beside(stack, Ports(http=free_port(), grpc=0, metrics=0))
            environment |= {"WORKERS": "1", "LOG_LEVEL": log_level, "RATE_LIMIT_MAX": "1000000000", "SOCKET_DIR": ""}
            for task in ("migrate", "demo"):
                Task(task, home, environment).run()
            yield cls(home, environment, stack.database_url, directory / "lags")

    @contextmanager
    def serving(self, name: str, module: str, *arguments: str) -> Iterator[Asked]:
        """A worker process by itself, ready to be called."""
        port = free_port()
        worker = Worker(self.home, {**self.environment, "GRPC_PORT": str(port)}, module, *arguments)
        worker.start()
        try:
            assert worker.pid is not None
            yield Asked(name, port, worker.pid)
        finally:
            worker.stop()


class Worker(Server):
    """One worker without its supervisor."""

    def __init__(self, home: Home, environment: Mapping[str, str], *module: str) -> None:
        super().__init__(home, environment)
        self._module = module

    def command(self) -> list[str]:
        return [sys.executable, "-m", *self._module]
