"""Everything at once, for `make run`: the stores, the migrations, the demo, the server and Envoy; and their end, in order."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from dotenv import dotenv_values

from deploy.envoy.api_docs import true_or_false
from deploy.envoy.origins import origins as parsed
from devstack.envoy import Envoy
from devstack.errors import DevstackError
from devstack.home import Home
from devstack.ports import LOOPBACK, claim
from devstack.server import Server, Task
from devstack.stack import Stack
from devstack.viewer import install

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

LOCAL_ORIGINS = "http://localhost:*,http://127.0.0.1:*"
"""A front end at any port of this machine may call, unless CORS_ORIGINS says another."""

DEMO = {
    "page": "guidance/moor-a-boat",
    "email": "editor@example.gov",
    "accounts": "admin@example.gov  publisher@example.gov  editor@example.gov  author@example.gov",
}
WITHOUT_DEMO = {"page": "", "email": "admin@example.gov", "accounts": "admin@example.gov"}

READY = """
  HTTP       http://{host}:{ports.http}{docs}
  gRPC       {host}:{ports.grpc}
  metrics    http://{host}:{ports.metrics}/metrics
  data       {home}
  mails      {mail}
  viruses    {viruses}
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


def chosen() -> dict[str, str]:
    """What the user has set: in the shell, or in a .env; there samples say nothing."""
    samples, *files = (dotenv_values(file) for file in (".env.example", ".env", ".env.local"))
    said = {name: given for file in files for name, given in file.items() if given and given != samples.get(name)}
    return {**said, **os.environ}


def wants_docs(given: Mapping[str, str]) -> bool:
    """Here, unless somebody says no."""
    said = given.get("API_DOCS") or "true"
    try:
        return true_or_false(said)
    except ValueError:
        raise DevstackError(f"API_DOCS is {said!r}: set it to true or to false") from None


def server_environment(home: Home, own: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What the server reads, over what the shell has: what is this stack's own, and what the user has set."""
    has_bucket = given.get("S3_BUCKET_NAME") or given.get("AWS_S3_BUCKET")
    return {
        **os.environ,
        **own,
        "WORKERS": given.get("WORKERS") or "2",
        "JWT_SECRET": given.get("JWT_SECRET") or home.secret("JWT_SECRET"),
        "REFRESH_TOKEN_SECRET": given.get("REFRESH_TOKEN_SECRET") or home.secret("REFRESH_TOKEN_SECRET"),
        "ENCRYPTION_KEY": given.get("ENCRYPTION_KEY") or home.secret("ENCRYPTION_KEY"),
        "PUBLIC_URL": given.get("PUBLIC_URL") or f"http://{LOOPBACK}:{own['HTTP_PORT']}",
        "API_DOCS": str(wants_docs(given)).lower(),
        "CORS_ORIGINS": given.get("CORS_ORIGINS", LOCAL_ORIGINS),
        "MAIL_DIRECTORY": given.get("MAIL_DIRECTORY", "" if given.get("SMTP_HOST") else str(home.mail)),
        "RATE_LIMIT_MAX": given.get("RATE_LIMIT_MAX") or "100000",
        "FILES_DIRECTORY": given.get("FILES_DIRECTORY", "" if has_bucket else str(home.files)),
        "REFLECTION": given.get("REFLECTION") or "true",
    }


def own_environment(home: Home, stack: Stack, ports: Ports) -> dict[str, str]:
    """What is as it is here, whatever else is said. Aliases are given too, so that no .env can contradict."""
    return {
        "ENVIRONMENT": "development",
        "NODE_ENV": "development",
        "HTTP_PORT": str(ports.http),
        "PORT": str(ports.http),
        "GRPC_PORT": str(ports.grpc),
        "METRICS_PORT": str(ports.metrics),
        "SOCKET_DIR": str(home.sockets),
        "DATABASE_URL": stack.database_url,
        "MIGRATION_DATABASE_URL": stack.migration_database_url,
        "REDIS_URL": stack.redis_url,
    }


def environment_beside(stack: Stack, ports: Ports) -> dict[str, str]:
    """For a server of a stack that tests or benchmarks have started: no .env is read."""
    return server_environment(stack.home, own_environment(stack.home, stack, ports), os.environ)


def not_taken(own: Mapping[str, str]) -> list[str]:
    """Which of these the shell has otherwise."""
    return [name for name, value in own.items() if os.environ.get(name, value) not in {"", "0", value}]


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
        own, given = own_environment(home, stack, ports), chosen()
        environment, with_docs = server_environment(home, own, given), wants_docs(given)
        if unheeded := not_taken(own):
            print(f"  not heeded          {', '.join(unheeded)}: those of this stack are its own", flush=True)
        with step("gazette migrate"):
            Task("migrate", home, environment).run()
        server = Server(home, environment)
        origins = parsed(environment["CORS_ORIGINS"])
        workers = int(environment["WORKERS"])
        largest = int(environment.get("MAX_FILE_SIZE") or 5 * 1024 * 1024)
        envoy = Envoy(home, port=ports.http, workers=workers, cors_origins=origins, with_docs=with_docs, max_file_size=largest)
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
        lacking = install() if with_docs else ""
        if lacking:
            print(f"  no page at /docs: {lacking}", flush=True)
        with step("gazette serve"):
            server.wait_until_healthy()
        with step("Envoy"):
            envoy.start()
        docs = f"   (the API to look at: http://{LOOPBACK}:{ports.http}/docs)" if with_docs and not lacking else ""
        told = WITHOUT_DEMO if os.environ.get("DEMO") == "0" else DEMO
        mail = environment["MAIL_DIRECTORY"] or "sent through SMTP_HOST"
        viruses = "files are scanned" if environment.get("CLAMAV_URL") else "files are not scanned: CLAMAV_URL is not set"
        told = {**told, "mail": mail, "viruses": viruses}
        print(READY.format(host=LOOPBACK, ports=ports, home=home.path, docs=docs, **told), flush=True)
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
