"""`buf curl`, a client that we did not write and that has no copy of the contract: it learns all from reflection."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.edge import Edge

BUF = Path(sys.executable).with_name("buf")


def buf_curl(url: str, *options: str) -> str:
    """What it prints; fails with what it complains of."""
    command = [str(BUF), "curl", "--protocol", "grpc", "--http2-prior-knowledge", *options, url]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer(edge: Edge, method: str, request: dict[str, Any]) -> Any:
    return json.loads(buf_curl(f"http://{edge.grpc}/{method}", "--data", json.dumps(request)))


@pytest.mark.parametrize("service", ["", "liveness", "gazette.delivery.v1.DeliveryService"])
def test_health(edge: Edge, service: str) -> None:
    """The standard health service says that the server, its process and each service are SERVING."""
    assert answer(edge, "grpc.health.v1.Health/Check", {"service": service}) == {"status": "SERVING"}


def test_our_own_health(edge: Edge) -> None:
    """GetHealth answers a client that had never heard of it."""
    assert answer(edge, "gazette.system.v1.SystemService/GetHealth", {}) == {"status": "HEALTH_STATUS_HEALTHY"}


def test_every_service_is_listed(edge: Edge) -> None:
    """Reflection lists the methods of all our services, and of health and reflection themselves."""
    listed = buf_curl(f"http://{edge.grpc}", "--list-methods").split()
    assert {
        "gazette.auth.v1.AuthService/Login",
        "gazette.content.v1.ContentService/PublishDocument",
        "gazette.delivery.v1.DeliveryService/GetPage",
        "gazette.files.v1.FileService/UploadFile",
        "gazette.record.v1.RecordService/GetRecordEntry",
        "gazette.system.v1.SystemService/GetHealth",
        "grpc.health.v1.Health/Check",
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    } <= {*listed}
