"""A whole installation whose parts a test can stop: what `make run` starts, each part in the test's hands."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from devstack import Stack
from devstack.envoy import Envoy
from devstack.ports import free_port
from devstack.run import Ports, environment_beside
from devstack.server import Server, Task

PASSWORD = "gazette-demo-only"
LARGE_FILES = {"MAX_FILE_SIZE": "600000000", "ALLOWED_FILE_TYPES": "image/jpeg,image/png,application/pdf,text/csv"}
PAGE = "guidance/moor-a-boat"


@dataclass(frozen=True)
class Installation:
    """Two workers behind Envoy, with the demo's people and pages."""

    stack: Stack
    server: Server
    envoy: Envoy
    ports: Ports

    @classmethod
    @contextmanager
    def started(cls, path: Path) -> Iterator[Installation]:
        with ExitStack() as running:
            stack = running.enter_context(Stack.start(path, fast=True))
            ports = Ports(http=free_port(), grpc=free_port(), metrics=free_port())
            environment = {**environment_beside(stack, ports), "WORKERS": "2", "DRAIN_TIME": "5s", **LARGE_FILES}
            server = Server(stack.home, environment)
            envoy = Envoy(stack.home, port=ports.http, workers=2)
            Task("migrate", stack.home, environment).run()
            Task("demo", stack.home, environment).run()
            running.callback(envoy.stop)
            running.callback(server.stop)
            server.start()
            envoy.start()
            yield cls(stack, server, envoy, ports)

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.ports.grpc}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.ports.http}"

    def socket(self, worker: int) -> str:
        """The gRPC name of one worker's own socket."""
        return f"unix:{self.stack.home.sockets}/worker-{worker}.sock"

    def workers(self) -> dict[int, psutil.Process]:
        """The worker processes that run now, by their numbers."""
        assert self.server.pid is not None
        found = {}
        for child in psutil.Process(self.server.pid).children():
            with suppress(psutil.NoSuchProcess):  # or a zombie
                if "process" in (command := child.cmdline()):
                    found[int(command[-1])] = child
        return found

    def log(self, event: str) -> list[dict[str, Any]]:
        """What the server logged under this name, in order."""
        lines = (json.loads(line) for line in self.server.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line["event"] == event]

    def is_ready(self) -> bool:
        """Whether the public port says that all is well."""
        try:
            return httpx.get(f"{self.http}/health", timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


def until(condition: Callable[[], object], seconds: float) -> float:
    """Waits until it holds, and says for how many seconds it did not."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start
