"""What `make run` starts, for tests that come through Envoy as web clients do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from devstack.ports import free_port

READY = "Gazette is ready"
PASSWORD = "gazette-demo-only"


@dataclass(frozen=True)
class Edge:
    """A whole installation."""

    home: Path
    http: str
    """Envoy's base URL."""
    grpc: str
    """The gRPC port's address."""
    metrics: str
    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def started(cls, home: Path, **settings: str) -> Iterator[Edge]:
        ports = {name: str(free_port()) for name in ("GRPC_PORT", "HTTP_PORT", "METRICS_PORT")}
        process = subprocess.Popen(
            [sys.executable, "-m", "devstack", "run"],
            env={**os.environ, **settings, **ports, "GAZETTE_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        lines = []
        try:
            for line in process.stdout:
                lines.append(line)
                if line.startswith(READY):
                    break
            else:
                raise AssertionError("make run did not become ready:\n" + "".join(lines))
            yield cls(
                home,
                f"http://127.0.0.1:{ports['HTTP_PORT']}",
                f"127.0.0.1:{ports['GRPC_PORT']}",
                f"http://127.0.0.1:{ports['METRICS_PORT']}/metrics",
                process,
            )
        finally:
            process.terminate()
            process.communicate(timeout=60)

    def client(self, email: str = "") -> httpx.Client:
        """An HTTP client, signed in as one of the demo's accounts if asked to."""
        client = httpx.Client(base_url=self.http, timeout=10)
        if email:
            answer = client.post("/v1/auth/login", json={"email": email, "password": PASSWORD})
            client.headers["authorization"] = f"Bearer {answer.raise_for_status().json()['accessToken']}"
        return client
