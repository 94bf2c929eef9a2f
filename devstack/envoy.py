"""Envoy: the public port, with the configuration that is used everywhere, rendered for this machine."""

import http.client
import subprocess
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from deploy.envoy.render import CALLS_AT_ONCE, CONNECTIONS, PATIENCE, READS_AT_ONCE, Patience, render
from devstack import binaries
from devstack.home import Home
from devstack.ports import LOOPBACK
from devstack.processes import Process

DESCRIPTOR = Path(__file__).resolve().parent.parent / "deploy" / "envoy" / "gazette.binpb"


# All load comes from one address here, and is not to be cut. What is rendered by default is for the public.
READS_PER_SECOND, READS_BURST = 20_000, 100_000


class Envoy(Process):
    """Routes the public port to the workers' sockets in the home."""

    title = "Envoy"

    def __init__(
        self,
        home: Home,
        *,
        port: int,
        workers: int,
        cors_origins: Sequence[str] = (),
        trusted_hops: int = 0,
        reads_per_second: int = READS_PER_SECOND,
        reads_burst: int = READS_BURST,
        reads_at_once: int = READS_AT_ONCE,
        calls_at_once: int = CALLS_AT_ONCE,
        patience: Patience = PATIENCE,
        connections: int = CONNECTIONS,
        with_docs: bool = False,
        max_file_size: int = 0,
    ) -> None:
        super().__init__(home.logs / "envoy.log")
        self.port = port
        self._configuration = home.path / "envoy.yaml"
        self._sockets = home.sockets
        self._workers = workers
        self._render = partial(
            render,
            cors_origins=cors_origins,
            trusted_hops=trusted_hops,
            reads_per_second=reads_per_second,
            reads_burst=reads_burst,
            reads_at_once=reads_at_once,
            calls_at_once=calls_at_once,
            patience=patience,
            connections=connections,
            max_file_size=max_file_size,
            docs_folder=home.path / "api-docs" if with_docs else None,
        )

    def command(self) -> list[str]:
        quiet = ["--log-level", "warning", "--file-flush-interval-msec", "1000"]
        return [*self._envoy(), "--disable-hot-restart", "--concurrency", "2", *quiet]

    def launch(self) -> None:
        """Lets Envoy check the configuration first: it then says what is wrong with it, and nothing else."""
        self._configuration.write_text(
            self._render(
                endpoints=[str(self._sockets / f"worker-{number}.sock") for number in range(self._workers)],
                descriptor=str(DESCRIPTOR),
                listen=f"{LOOPBACK}:{self.port}",
                admin=str(self._sockets / "envoy.sock"),
            )
        )
        with open(self.log, "ab") as log:
            self._log_start = log.tell()
            checked = subprocess.run([*self._envoy(), "--mode", "validate"], stdout=log, stderr=log, check=False)
        if checked.returncode:
            raise self.failure("refuses its configuration")
        super().launch()

    def problem(self) -> str | None:
        """Asks for /health, which goes the whole way to a worker and back."""
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=2)) as connection:
            try:
                connection.request("GET", "/health")
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                return f"/health: {error}"
        return None if status == http.client.OK else f"/health answers {status}"

    def _envoy(self) -> list[str]:
        return [binaries.binary(binaries.ENVOY), "--config-path", str(self._configuration)]
