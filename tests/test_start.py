"""`gazette serve` from its start: what keeps it from starting is one line, and a worker that dies is replaced."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from sqlalchemy.engine import make_url

from devstack.ports import free_port
from devstack.server import GAZETTE
from tests.servers import Servers
from tests.service import administer, make_settings, make_template
from tests.soak import some_of

CANNOT_START = 78  # EX_CONFIG
SECRETS = ("of-tests", "a secret of the tests", "secret-word", "Traceback")
LONGEST = 90.0


@pytest.fixture(scope="module")
def settings(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a server needs to start, as environment variables."""
    return environment(servers, template, tmp_path_factory.mktemp("start"))


def environment(servers: Servers, database: str, directory: Path) -> dict[str, str]:
    values = make_settings(servers, database, directory)
    return {
        "PATH": os.environ["PATH"],
        "ENVIRONMENT": "test",
        "DATABASE_URL": values.database_url,
        "MIGRATION_DATABASE_URL": values.migration_database_url,
        "REDIS_URL": values.redis_url,
        "JWT_SECRET": values.jwt_secret,
        "REFRESH_TOKEN_SECRET": values.refresh_token_secret,
        "ENCRYPTION_KEY": values.encryption_key,
        "FILES_DIRECTORY": str(values.files_directory),
        "GRPC_PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "DRAIN_TIME": "2s",
    }


def run(settings: Mapping[str, str], *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    command = [str(GAZETTE), *(arguments or ("serve",))]
    given = {name: value for name, value in {**settings, **changed}.items() if value}
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=LONGEST, check=False)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a command which could not do its work said."""
    assert done.returncode == CANNOT_START, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("gazette: ")
    for secret in SECRETS:
        assert secret not in done.stderr + done.stdout
    return line.removeprefix("gazette: ")


WRONG = {
    "JWT_SECRET": ({"JWT_SECRET": ""}, "JWT_SECRET is missing. "),
    "WORKERS": ({"WORKERS": "many"}, "WORKERS is not valid: "),
    "PORT": ({"PORT": "8080", "HTTP_PORT": "9090"}, "PORT and HTTP_PORT differ, but are one setting; set one of them"),
    "REDIS_URL": ({"REDIS_URL": "redis://:secret-word@127.0.0.1:high/0"}, "REDIS_URL is no URL; write the port as a number"),
    "TLS": (
        {"TLS_CERTIFICATE_FILE": __file__, "TLS_KEY_FILE": __file__},
        "TLS_CERTIFICATE_FILE and TLS_KEY_FILE hold no cert",
    ),
    "JWT_KEY_FILE": (
        {"JWT_KEY_FILE": __file__},
        "JWT_KEY_FILE holds no key (PEM) of Ed25519 or P-256; make one with: openssl genpkey",
    ),
    "LOG_DIRECTORY": ({"LOG_DIRECTORY": "/proc/nowhere"}, "LOG_DIRECTORY cannot be made"),
    "FILES_DIRECTORY": ({"FILES_DIRECTORY": "/proc/nowhere"}, "FILES_DIRECTORY cannot be made"),
    "SOCKET_DIR": (
        {"SOCKET_DIR": "/proc/nowhere"},
        "cannot listen on /proc/nowhere/worker-0.sock; let the server write to SOCKET_DIR",
    ),
    "GRPC_HOST": ({"GRPC_HOST": "nowhere.invalid"}, "port "),
}
"""What is wrong, and how the line begins that says so."""


@pytest.mark.parametrize("name", some_of(WRONG, "JWT_SECRET", "JWT_KEY_FILE", "SOCKET_DIR"))
def test_a_wrong_setting(settings: dict[str, str], name: str) -> None:
    """A variable that is missing, wrong, or given twice in two words stops the start with one line that names it."""
    changed, said = WRONG[name]
    assert refusal(run(settings, **changed)).startswith(said)


@pytest.mark.parametrize("variable", ["GRPC_PORT", "METRICS_PORT"])
def test_a_taken_port(settings: dict[str, str], variable: str) -> None:
    """A port on which somebody else listens stops the start, though workers could share it among themselves."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(run(settings, **{variable: str(port)}))
    assert said == f"port {port} on 127.0.0.1 cannot be used (Address already in use); set {variable} to a free one"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"host": "127.0.0.1", "port": 1}, "Connect call failed"),
        ({"password": "secret-word"}, 'password authentication failed for user "gazette"'),
        ({"database": "absent"}, 'database "absent" does not exist'),
    ],
    ids=["nobody listens", "wrong password", "no such database"],
)
def test_a_database_that_cannot_be_reached(settings: dict[str, str], changed: dict[str, Any], said: str) -> None:
    """A database that is away, or lets nobody in, stops the start with its reason, and a migration too."""
    wrong = make_url(settings["DATABASE_URL"]).set(**changed).render_as_string(hide_password=False)
    line = refusal(run(settings, DATABASE_URL=wrong))
    assert line.startswith("the database of DATABASE_URL cannot be reached (")
    assert said in line
    line = refusal(run(settings, "migrate", DATABASE_URL=wrong, MIGRATION_DATABASE_URL=wrong))
    assert line.startswith("the database cannot be migrated (")
    assert said in line


async def test_a_database_at_another_revision(servers: Servers, tmp_path: Path) -> None:
    """A database without migrations, at an earlier revision or at one that only a newer release knows stops the start, and the
    line says what to do."""
    name = await make_template(servers)
    settings = environment(servers, name, tmp_path)
    try:
        assert run(settings, "migrate", "base", "--yes").returncode == 0
        assert "is at revision none, this release needs " in refusal(run(settings))
        assert run(settings, "migrate", "0003").returncode == 0
        line = refusal(run(settings))
        assert line.startswith("the database is at revision 0003, this release needs ")
        assert line.endswith("; run: gazette migrate")
        assert "0999" in refusal(run(settings, "migrate", "0999"))
        assert run(settings, "migrate").returncode == 0
        async with closing_connection(settings["MIGRATION_DATABASE_URL"]) as connection:
            await connection.execute("UPDATE alembic_version SET version_num = '9999'")
            await connection.execute("UPDATE schema_support SET oldest_revision = '9999'")
        for command in ("serve", "migrate"):
            assert refusal(run(settings, command)).endswith("9999, which only a newer release knows; run that one")
    finally:
        await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def closing_connection(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def serving(settings: Mapping[str, str], log: Path, command: str = "serve") -> Iterator[psutil.Process]:
    """`gazette serve`, or another command that lasts, ready; ended with its processes if the test leaves it running."""
    with open(log, "wb") as output:
        process = psutil.Popen([str(GAZETTE), command], env=dict(settings), stdout=output, stderr=output)
    try:
        until(lambda: run(settings, "health").returncode == 0)
        yield process
    finally:
        if process.is_running():
            process.terminate()
            process.wait(LONGEST)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_life_of_a_service(settings: dict[str, str], tmp_path: Path) -> None:
    """`gazette health` tells by its exit code how the server is, a worker that is killed is replaced, and SIGTERM ends all of
    them with 0."""
    assert run(settings, "health").returncode == 1
    with serving(settings, tmp_path / "log") as process:
        healthy = run(settings, "health", "--service", "gazette.delivery.v1.DeliveryService")
        assert (healthy.returncode, healthy.stdout) == (0, f"SERVING 127.0.0.1:{settings['GRPC_PORT']}\n")
        unknown = run(settings, "health", "--service", "nothing")
        assert (unknown.returncode, unknown.stderr) == (
            1,
            f"Error: no answer from 127.0.0.1:{settings['GRPC_PORT']}: NOT_FOUND\n",
        )
        (worker,) = process.children()
        worker.send_signal(signal.SIGKILL)
        until(lambda: [child for child in process.children() if child != worker])
        until(lambda: run(settings, "health").returncode == 0)
        workers = process.children()
        process.terminate()
        assert process.wait(LONGEST) == 0
        assert not [each for each in workers if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("arguments", [("--help",), ("serve", "--help"), ("--version",)])
def test_help_needs_nothing(arguments: tuple[str, ...]) -> None:
    """Help and version are there at once, without a setting and without a server: they cost little, whatever else goes on."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run({"PATH": os.environ["PATH"]}, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gazette" in done.stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
