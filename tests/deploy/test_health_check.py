"""The image's HEALTHCHECK, `gazette health`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.home import Home
from server.settings.here import RUNNING, NobodyKnown, grpc_address

SERVER = {"alembic", "argon2", "boto3", "jsonschema_rs", "nh3", "redis", "sqlalchemy"}


def test_is_light() -> None:
    """It starts every few seconds beside the server, and has 3 s: it loads what a call needs, not what a server is made of."""
    code = "import json, sys, server.cli, grpc, grpc_health.v1.health_pb2_grpc; print(json.dumps(list(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not SERVER & set(json.loads(loaded))


def test_nobody_answers() -> None:
    """Where nothing listens it fails, in one line that names the address."""
    asked = subprocess.run(
        [sys.executable, "-m", "server", "health", "--address", "127.0.0.1:1"], check=False, capture_output=True, text=True
    )
    assert asked.returncode == 1
    assert asked.stderr == "Error: no answer from 127.0.0.1:1: UNAVAILABLE\n"


def test_asks_the_port(tmp_path: Path) -> None:
    """It asks the port on loopback, wherever the server listens, and the usual one where a server is told no other."""
    for environ in (
        {"GRPC_HOST": "0.0.0.0", "GRPC_PORT": "6000"},
        {"GRPC_PORT": "6000"},
        {"GRPC_HOST": "::", "GRPC_PORT": "6000"},
    ):
        assert grpc_address(environ, environ, tmp_path) == "127.0.0.1:6000"
    for environ in ({"GRPC_HOST": "0.0.0.0"}, {"DATABASE_URL": "postgresql://localhost/gazette"}):
        assert grpc_address(environ, environ, tmp_path) == "127.0.0.1:50051"
    assert grpc_address({}, {"GRPC_PORT": "6000", "GRPC_HOST": "::1"}, tmp_path) == "[::1]:6000"


def test_asks_a_socket_where_the_port_wants_tls(tmp_path: Path) -> None:
    """With TLS it asks the first worker's socket, where no certificate is wanted."""
    environ = {"GRPC_PORT": "50051", "TLS_CERTIFICATE_FILE": "/etc/gazette/tls/tls.crt", "SOCKET_DIR": str(tmp_path)}
    assert grpc_address(environ, environ, tmp_path) == f"unix:{tmp_path.resolve()}/worker-0.sock"


def test_asks_nobody_where_nothing_says_whom(tmp_path: Path) -> None:
    """The usual port may be somebody else's: it is asked only where a server would be started on it."""
    for environ in ({}, {"PATH": "/bin"}, {"GRPC_PORT": "0"}):
        with pytest.raises(NobodyKnown, match="give --target HOST:PORT"):
            grpc_address(environ, {}, tmp_path)


def test_asks_what_make_run_has_running(tmp_path: Path) -> None:
    """In its checkout, or in the home that GAZETTE_HOME names, it asks at the port that was found free; `.env` is for a server
    that is started by hand."""
    dotenv = {"GRPC_PORT": "50051"}
    ours, other = Home.at(tmp_path / "ours"), Home.at(tmp_path / "other")
    named = {"GAZETTE_HOME": str(other.path)}
    with ours.announced(grpc="127.0.0.1:6001"):
        assert grpc_address({}, dotenv, ours.path) == "127.0.0.1:6001"
        assert grpc_address({"GRPC_PORT": "0"}, dotenv, ours.path) == "127.0.0.1:6001"
        assert grpc_address({"GRPC_PORT": "6000"}, {"GRPC_PORT": "6000"}, ours.path) == "127.0.0.1:6000"
        with pytest.raises(NobodyKnown, match=f"nothing runs in {other.path}"):
            grpc_address(named, {**named, **dotenv}, ours.path)
        with other.announced(grpc="127.0.0.1:6002"):
            assert grpc_address({**named, "GRPC_PORT": "50051"}, dotenv, ours.path) == "127.0.0.1:6002"
    assert grpc_address({}, dotenv, ours.path) == "127.0.0.1:50051"


def test_what_was_killed_does_not_run(tmp_path: Path) -> None:
    """What a killed installation has left says nothing: its port may be somebody else's by now."""
    code = "import os, sys; from pathlib import Path; from devstack.home import Home\n"
    code += "with Home.at(Path(sys.argv[1])).announced(grpc='127.0.0.1:6001'): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / RUNNING).read_text()
    with pytest.raises(NobodyKnown):
        grpc_address({}, {}, tmp_path)


def test_a_command_says_that_it_knows_nobody(tmp_path: Path) -> None:
    """Commands that call a server end with exit code 2, and say how to name one."""
    environ = {**os.environ, "GAZETTE_HOME": str(tmp_path), "GRPC_PORT": ""}
    for command in (["health"], ["documents", "list"]):
        asked = subprocess.run(
            [sys.executable, "-m", "server", *command], env=environ, cwd=tmp_path, check=False, capture_output=True, text=True
        )
        assert (asked.returncode, asked.stdout) == (2, "")
        assert asked.stderr.endswith(
            f"Error: nothing runs in {tmp_path}, which GAZETTE_HOME names: make run, or give --target HOST:PORT\n"
        )
