"""Everything at once, for `make run`: the stores, the migrations, the demo, the server and Envoy; and their end, in order."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from devstack.envoy import Envoy
from devstack.errors import DevstackError
from devstack.home import Home
from devstack.ports import LOOPBACK, claim
from devstack.server import Server, Task
from devstack.stack import Stack

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

DEMO = {
    "page": "guidance/moor-a-boat",
    "email": "editor@example.gov",
    "accounts": "admin@example.gov  publisher@example.gov  editor@example.gov  author@example.gov",
}
WITHOUT_DEMO = {"page": "", "email": "admin@example.gov", "accounts": "admin@example.gov"}

READY = """
  HTTP       http://{host}:{ports.http}
  gRPC       {host}:{ports.grpc}
  metrics    http://{host}:{ports.metrics}/metrics
  data       {home}
  mails      {mail}
  accounts   {accounts}
  password   gazette-demo-only

  curl -i http://{host}:{ports.http}/v1/pages/{page}
  curl http://{host}:{ports.http}/v1/auth/login -d '{{"email": "{email}", "password": "gazette-demo-only"}}'
  .venv/bin/gazette import PATH --format govuk --target {host}:{ports.grpc} \\
      --email admin@example.gov --password gazette-demo-only

Gazette is ready: http://{host}:{ports.http} (Ctrl-C stops it)"""


class Stopped(Exception):
    """Someone asked us to stop: Ctrl-C, SIGTERM, or a terminal that was closed."""


@dataclass(frozen=True)
class Ports:
    http: int
    grpc: int
    metrics: int

    @classmethod
    def claimed(cls, environ: Mapping[str, str], *, patience: float) -> "Ports":
        """From the environment; 0 takes any free port. A taken one stops the start before anything runs."""
        http = "PORT" if environ.get("PORT") and not environ.get("HTTP_PORT") else "HTTP_PORT"
        wanted = {http: 8080, "GRPC_PORT": 50051, "METRICS_PORT": 9464}
        return cls(*(claim(name, number(environ, name, port), patience=patience) for name, port in wanted.items()))


def number(environ: Mapping[str, str], variable: str, default: int) -> int:
    given = environ.get(variable, "").strip()
    if given and not (given.isdecimal() and int(given) < 65536):
        raise DevstackError(f"{variable} is {given!r}: set it to a port's number, or to 0 for any free one")
    return int(given or default)


def server_environment(home: Home, stack: Stack, ports: Ports) -> dict[str, str]:
    """What the server reads, over what the shell has. Aliases are given too, so that no .env can contradict."""
    return {
        **os.environ,
        "ENVIRONMENT": "development",
        "NODE_ENV": "development",
        "HTTP_PORT": str(ports.http),
        "PORT": str(ports.http),
        "GRPC_PORT": str(ports.grpc),
        "METRICS_PORT": str(ports.metrics),
        "WORKERS": os.environ.get("WORKERS") or "2",
        "SOCKET_DIR": str(home.sockets),
        "DATABASE_URL": stack.database_url,
        "MIGRATION_DATABASE_URL": stack.migration_database_url,
        "REDIS_URL": stack.redis_url,
        "JWT_SECRET": home.secret("JWT_SECRET"),
        "REFRESH_TOKEN_SECRET": home.secret("REFRESH_TOKEN_SECRET"),
        "ENCRYPTION_KEY": home.secret("ENCRYPTION_KEY"),
        "PUBLIC_URL": f"http://{LOOPBACK}:{ports.http}",
        "MAIL_DIRECTORY": str(home.mail),
        "RATE_LIMIT_MAX": os.environ.get("RATE_LIMIT_MAX") or "100000",
        "FILES_DIRECTORY": str(home.files),
        "REFLECTION": "true",
    }


@contextmanager
def step(name: str) -> Iterator[None]:
    """One line for each thing done, with what it took."""
    started = time.monotonic()
    yield
    print(f"  {name:<20}{time.monotonic() - started:5.1f} s", flush=True)


def stop_on_signals() -> None:
    """The first signal begins the end, and nothing hurries it: every wait for a server's end is bounded."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            signal.signal(number, stop)


def run(path: Path) -> None:
    """Starts everything, says so, and watches. Ends with Stopped, or with the DevstackError of what failed."""
    with ExitStack() as running:
        home = Home.at(path)
        was_killed = running.enter_context(home.lock())
        ports = Ports.claimed(os.environ, patience=15 if was_killed else 0)
        stack = Stack(home)
        running.callback(stack.stop)
        with step("PostgreSQL, Redis"):
            stack.launch()
        environment = server_environment(home, stack, ports)
        with step("gazette migrate"):
            Task("migrate", home, environment).run()
        server = Server(home, environment)
        envoy = Envoy(home, port=ports.http, workers=int(environment["WORKERS"]))
        # The server ends first, while Envoy still routes around the workers that drain; then Envoy; then the stores.
        running.callback(envoy.stop)
        running.callback(server.stop)
        running.callback(print, "Stopping: requests under way are finished first", flush=True)
        server.launch()  # it comes up while the demo is loaded
        running.enter_context(home.announced(grpc=f"{LOOPBACK}:{ports.grpc}", http=f"http://{LOOPBACK}:{ports.http}"))
        demo_is_loaded = home.path / "demo-is-loaded"
        if os.environ.get("DEMO") == "0":
            with step("gazette demo"):
                Task("demo", home, environment, "--admin-only").run()
        elif stack.postgres.is_new or not demo_is_loaded.exists():
            with step("gazette demo"):
                Task("demo", home, environment).run()
            demo_is_loaded.touch()
        with step("gazette serve"):
            server.wait_until_healthy()
        with step("Envoy"):
            envoy.start()
        told = WITHOUT_DEMO if os.environ.get("DEMO") == "0" else DEMO
        print(READY.format(host=LOOPBACK, ports=ports, home=home.path, mail=home.mail, **told), flush=True)
        while True:
            for process in (stack.postgres, stack.redis, server, envoy):
                process.raise_if_ended()
            time.sleep(0.25)


def up(path: Path) -> None:
    """The stores alone, for a server that is started by hand."""
    with Stack.start(path) as stack:
        for name in ("database_url", "migration_database_url", "redis_url"):
            print(f"export {name.upper()}='{getattr(stack, name)}'", flush=True)
        while True:
            stack.postgres.raise_if_ended()
            stack.redis.raise_if_ended()
            time.sleep(0.25)
