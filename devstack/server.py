"""The command `gazette`, started as its user would start it: once for each task, and as the server."""

import sys
from collections.abc import Mapping
from pathlib import Path

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from devstack.errors import DevstackError
from devstack.home import Home
from devstack.ports import LOOPBACK
from devstack.processes import Process

GAZETTE = Path(sys.prefix) / "bin" / "gazette"


class Task(Process):
    """A subcommand that ends by itself, such as `gazette migrate`."""

    def __init__(self, name: str, home: Home, environment: Mapping[str, str], *options: str) -> None:
        super().__init__(home.logs / f"{name}.log")
        self.title = f"gazette {name}"
        self._words = (name, *options)
        self._environment = dict(environment)

    def command(self) -> list[str]:
        return [str(GAZETTE), *self._words]

    def environment(self) -> dict[str, str]:
        return self._environment

    def problem(self) -> str | None:
        return "it has not ended"

    def run(self) -> None:
        """Waits until it has ended; its last line is the reason when it failed."""
        self.launch()
        try:
            status = self.wait()
        except BaseException:
            self.kill()
            raise
        if status:
            reason = next(iter(self.log_tail(1)), "no word")
            raise DevstackError(f"{self.title} {self.ended()}: {reason} (its log is {self.log})")


class Server(Process):
    """`gazette serve`: the supervisor and its workers."""

    title = "gazette serve"
    start_timeout = 60.0  # three processes import the server; a busy machine takes its time
    stop_timeout = 30.0  # more than it takes to drain

    def __init__(self, home: Home, environment: Mapping[str, str]) -> None:
        super().__init__(home.logs / "server.log")
        self._environment = dict(environment)

    def command(self) -> list[str]:
        return [str(GAZETTE), "serve"]

    def environment(self) -> dict[str, str]:
        return self._environment

    def problem(self) -> str | None:
        """Asks grpc.health.v1, on the port that internal services use."""
        with grpc.insecure_channel(f"{LOOPBACK}:{self._environment['GRPC_PORT']}") as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=HealthCheckRequest.SerializeToString,
                response_deserializer=HealthCheckResponse.FromString,
            )
            try:
                answer: HealthCheckResponse = check(HealthCheckRequest(), timeout=1)
            except grpc.RpcError as error:
                return f"health check: {error.code().name}"
        serving = answer.status == HealthCheckResponse.SERVING
        return None if serving else f"health: {HealthCheckResponse.ServingStatus.Name(answer.status)}"
