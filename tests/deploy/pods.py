"""Pods of the server as the cluster would run them, on one machine: the manifest's own commands, hooks and times, without a
kubelet. It does what the kubelet does when a pod is deleted, in its order (docs/kubernetes.md)."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from deploy.envoy.render import PATIENCE, render
from devstack import binaries
from devstack.envoy import READS_BURST, READS_PER_SECOND, Envoy
from devstack.home import Home
from devstack.ports import LOOPBACK, free_port
from devstack.server import GAZETTE, Server
from tests.deploy import manifests

IDLE_SECONDS = 75


class Sidecar(Envoy):
    """Envoy with the manifest's command, and with its admin interface on a port, which the manifest's hook speaks to."""

    def __init__(self, home: Home, port: int, command: list[str]) -> None:
        super().__init__(home, port=port, workers=1)
        self.admin = free_port()
        self.manifest_command = command
        self._render = partial(self.configuration)

    def command(self) -> list[str]:
        replaced = {"envoy": binaries.binary(binaries.ENVOY), "/run/gazette/envoy.yaml": str(self._configuration)}
        return [replaced.get(word, word) for word in self.manifest_command]

    def configuration(self, **given: Any) -> str:
        return render(
            **{**given, "admin": f"{LOOPBACK}:{self.admin}"},
            trusted_hops=1,
            patience=PATIENCE._replace(connection=IDLE_SECONDS),
            reads_per_second=READS_PER_SECOND,
            reads_burst=READS_BURST,
        )


@dataclass
class Pod:
    """One server with Envoy beside it."""

    home: Home
    server: Server
    envoy: Sidecar
    http: int
    grpc: int
    spec: Mapping[str, Any]

    @classmethod
    def of(cls, path: Path, environment: Mapping[str, str], spec: Mapping[str, Any]) -> Pod:
        home = Home.at(path)
        http, grpc, metrics = free_port(), free_port(), free_port()
        ports = {"GRPC_PORT": str(grpc), "METRICS_PORT": str(metrics), "PORT": str(http), "HTTP_PORT": str(http)}
        own = {**environment, **ports, "SOCKET_DIR": str(home.sockets), "WORKERS": "1"}
        command = manifests.container(dict(spec), "envoy")["command"]
        return cls(home, Server(home, own), Sidecar(home, http, command), http, grpc, spec)

    def launch(self) -> None:
        """As the kubelet: the sidecar first."""
        self.envoy.launch()
        self.server.launch()

    def wait_until_ready(self) -> None:
        """Until the server has come up, and all that the manifest lets the kubelet ask over gRPC is answered well."""
        self.server.wait_until_healthy()
        self.envoy.wait_until_healthy()
        ports = {50051: self.grpc, 8080: self.http}
        for each in manifests.containers(dict(self.spec)):
            for probe in (each[kind]["grpc"] for kind in each if kind.endswith("Probe") and "grpc" in each[kind]):
                command = [str(GAZETTE), "health", "--address", f"{LOOPBACK}:{ports[probe['port']]}"]
                subprocess.run([*command, "--service", probe["service"]], check=True, timeout=60)

    def stop(self) -> None:
        self.server.stop()
        self.envoy.stop()

    def hook(self, name: str) -> list[str]:
        """The command of a container's preStop."""
        words: list[str] = manifests.container(dict(self.spec), name)["lifecycle"]["preStop"]["exec"]["command"]
        return [word.replace("/127.0.0.1/9901", f"/{LOOPBACK}/{self.envoy.admin}") for word in words]


@dataclass(eq=False)
class Balancer:
    """What a Service is to its clients: new connections go to the endpoints in turn, and old ones stay where they are."""

    endpoints: list[int]
    port: int = field(default_factory=free_port)
    turns: int = 0
    open: dict[int, int] = field(default_factory=dict)
    """How many connections each endpoint has."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.connect, LOOPBACK, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self.carry(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.turns += 1
        endpoint = self.endpoints[self.turns % len(self.endpoints)]
        try:
            there, back = await asyncio.open_connection(LOOPBACK, endpoint)
        except OSError:
            writer.close()  # connection refused, as the client would be told
            return
        self.open[endpoint] = self.open.get(endpoint, 0) + 1
        try:
            await asyncio.gather(pipe(reader, back), pipe(there, writer))
        finally:
            self.open[endpoint] -= 1


async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


async def delete(pod: Pod, balancers: Mapping[Balancer, int], late: float) -> tuple[list[int], float]:
    """Deletes the pod as the cluster does. `late` seconds later its endpoints are gone; meanwhile both hooks run side by side.
    The server is told to end when its own hook has ended, and Envoy, a sidecar, when the server is gone. Returns how many
    connections each endpoint had when the server was told, and how many seconds all of it took."""
    start = time.monotonic()
    leaving = asyncio.create_task(leave(balancers, late))
    envoys = asyncio.create_task(run(pod.hook("envoy")))
    await run(pod.hook("server"))
    had = [balancer.open[endpoint] for balancer, endpoint in balancers.items()]
    await end(pod.server)
    await asyncio.gather(envoys, leaving)
    await end(pod.envoy)
    return had, time.monotonic() - start


async def delete_at_once(pod: Pod, balancers: Mapping[Balancer, int], late: float) -> None:
    """What happens without hooks and without the sidecar's order: both are told to end when the pod is deleted."""
    leaving = asyncio.create_task(leave(balancers, late))
    await asyncio.gather(end(pod.server), end(pod.envoy), leaving)


async def leave(balancers: Mapping[Balancer, int], late: float) -> None:
    await asyncio.sleep(late)
    for balancer, endpoint in balancers.items():
        balancer.endpoints.remove(endpoint)


async def run(command: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0, command


async def end(process: Server | Sidecar) -> None:
    """SIGTERM, and its end by itself, with success."""
    child = process._child
    assert child is not None
    child.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(child.wait, 60) == 0
