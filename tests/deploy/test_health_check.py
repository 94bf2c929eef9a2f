"""The image's HEALTHCHECK, `gazette health`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from server import settings

SERVER = {"alembic", "argon2", "boto3", "jsonschema_rs", "nh3", "redis", "sqlalchemy"}


def test_is_light() -> None:
    """It starts every few seconds beside the server, and has 3 s: it loads what a call needs, not what a server is made of."""
    code = "import json, sys, server.cli, grpc, grpc_health.v1.health_pb2_grpc; print(json.dumps(list(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not SERVER & set(json.loads(loaded))


def test_nobody_answers() -> None:
    """Where nothing listens it fails, in one line."""
    asked = subprocess.run(
        [sys.executable, "-m", "server", "health", "--address", "127.0.0.1:1"], check=False, capture_output=True, text=True
    )
    assert asked.returncode == 1
    assert asked.stderr == "Error: no answer: UNAVAILABLE\n"


def test_asks_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks the port on loopback, wherever the server listens."""
    monkeypatch.setenv("GRPC_HOST", "0.0.0.0")
    monkeypatch.setenv("GRPC_PORT", "6000")
    assert settings.local_grpc_address() == "127.0.0.1:6000"


def test_asks_a_socket_where_the_port_wants_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With TLS it asks the first worker's socket, where no certificate is wanted."""
    monkeypatch.setenv("TLS_CERTIFICATE_FILE", "/etc/gazette/tls/tls.crt")
    monkeypatch.setenv("SOCKET_DIR", str(tmp_path))
    assert settings.local_grpc_address() == f"unix:{tmp_path.resolve()}/worker-0.sock"
