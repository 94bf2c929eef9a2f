"""`python -m devstack run`, what `make run` does: all of it, from nothing to the end."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import psutil
import pytest

from devstack.run import DEMO
from tests.polling import wait_until

pytestmark = pytest.mark.xdist_group("run")  # who makes the database and loads the demo does so once
FREE = {"HTTP_PORT": "0", "GRPC_PORT": "0", "METRICS_PORT": "0"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all: only the first start has a database to make."""
    return tmp_path_factory.mktemp("home")


@contextmanager
def running(home: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "devstack", "run"]
    given = {**os.environ, **environment, "GAZETTE_HOME": str(home)}
    with subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        try:
            yield child
        finally:
            child.terminate()


def ready(child: subprocess.Popen[str]) -> str:
    """The public address, from the line that says that all is ready."""
    return ready_with(child)[0]


def ready_with(child: subprocess.Popen[str]) -> tuple[str, str]:
    """The public address, and all that was said until then."""
    assert child.stdout is not None
    said = ""
    for line in child.stdout:
        said += line
        if found := re.match(r"Gazette is ready: (\S+)", line):
            return found[1], said
    pytest.fail(f"it ended: {said}")


def assert_ends(child: subprocess.Popen[str], number: signal.Signals) -> None:
    """The signal ends it with all its children."""
    children = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(number)
    assert child.wait(30) == 0
    assert not [process for process in children if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_run_serves_the_demo_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    """It comes up twice on the same data, the second time as it is told to, answers with the demo's page, and a signal ends it
    with all its children."""
    with running(home, FREE) as child:
        assert httpx.get(f"{ready(child)}/v1/pages/{DEMO['page']}").status_code == 200
        assert_ends(child, signal.SIGTERM)
    mails = tmp_path / "mails"
    given = {"PUBLIC_URL": "http://localhost:5173", "MAIL_DIRECTORY": str(mails), "DATABASE_URL": "postgresql://a:b@nowhere/c"}
    with running(home, {**FREE, **given}) as child:
        assert_heeded(*ready_with(child), mails)
        assert_ends(child, signal.SIGINT)


def assert_heeded(address: str, said: str, mails: Path) -> None:
    """Links in mails lead to the front end that PUBLIC_URL names, mails go where MAIL_DIRECTORY says, and scripts of a local
    front end may call; what a stack has of its own is not replaced in silence."""
    answer = httpx.post(f"{address}/v1/auth/request-password-reset", json={"email": "editor@example.gov"})
    assert answer.status_code == 200
    wait_until(lambda: [*mails.glob("*.eml")], 30)
    page = httpx.get(f"{address}/v1/pages/{DEMO['page']}", headers={"origin": "http://localhost:5173"})
    assert page.status_code == 200
    assert f"mails      {mails}" in said
    assert "viruses    files are not scanned" in said
    assert "DATABASE_URL: those of this stack are its own" in said
    (mail,) = mails.glob("*.eml")
    body = message_from_bytes(mail.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    assert "http://localhost:5173/reset-password#token=" in body.get_content()
    assert page.headers["access-control-allow-origin"] == "http://localhost:5173"


@pytest.mark.soak
def test_a_server_that_dies_ends_the_run(home: Path) -> None:
    """A child that ends unexpectedly is named with its log, and everything else is stopped."""
    with running(home, FREE) as child:
        ready(child)
        redis = next(each for each in psutil.Process(child.pid).children() if each.name().startswith("redis"))
        redis.kill()
        said, _ = child.communicate(timeout=30)
    assert child.returncode == 1
    assert f"Redis was ended by SIGKILL; its log is {home}/logs/redis.log" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("GRPC_PORT", "high", "GRPC_PORT is 'high': set it to a port's number"),
        ("MAX_FILE_SIZE", "big", "MAX_FILE_SIZE"),
        ("CORS_ORIGINS", "localhost", "CORS_ORIGINS is not valid: 'localhost' is no origin"),
    ],
)
def test_a_wrong_setting_is_one_line(home: Path, variable: str, value: str, said: str) -> None:
    """A wrong variable, ours or the server's, stops the start with one line that names it."""
    with running(home, {**FREE, variable: value}) as child:
        out, _ = child.communicate(timeout=30)
    assert child.returncode == 1
    assert said in out.splitlines()[-1]
    assert "Traceback" not in out


def test_a_taken_port_is_one_line(home: Path) -> None:
    """A port in use stops the start before anything runs, and the line says which variable changes it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(home, {**FREE, "HTTP_PORT": str(port)}) as child:
            out, _ = child.communicate(timeout=30)
    assert (child.returncode, len(out.splitlines())) == (1, 1)
    assert f"port {port} is taken" in out
    assert "HTTP_PORT=" in out
