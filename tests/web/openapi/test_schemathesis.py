"""Schemathesis asks an installation what docs/openapi.json says, and what it does not say: all of its checks hold.

Each run of the tests asks a few requests of every operation, and the reading of pages and files all that Schemathesis knows.
`SCHEMATHESIS=full` asks every operation all of it: 7,000 requests, and as many more in sequences. The installation is the
tests' own, since what is asked of it writes, and uses up the sign-ins of this address.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.edge import Edge
from tests.installing import ROOT, WEB, python_tool
from tests.web.reporting import show

pytestmark = [pytest.mark.web, pytest.mark.xdist_group("schemathesis")]  # its installation is started once

HERE = Path(__file__).parent
SCOPES = ("DOCUMENTS_READ", "DOCUMENTS_WRITE", "FILES_READ", "FILES_WRITE")
PATIENCE = 900
READING = ("--phases=coverage", "--include-tag=DeliveryService", "--include-tag=FileService")
SHORT = {"anonymous": (READING,), "author": (READING, ("--phases=examples,fuzzing", "--max-examples=2"))}
"""Who has not signed in is refused nearly all else."""
FULL = (("--phases=examples,coverage,fuzzing,stateful", "--max-examples=20"),)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """An installation that nobody else signs in to."""
    with Edge.started(tmp_path_factory.mktemp("schemathesis")) as started:
        yield started


@pytest.fixture(scope="module")
def key(asked: Edge) -> str:
    """A service account's key, of an author: no session ends, whatever is called, since a key is none and what people do with
    their own account is refused it."""
    with closing(asked.client("admin@example.gov")) as admin:
        organisation = admin.get("/v1/pages/guidance/moor-a-boat").json()["page"]["organisationId"]
        wanted = {"account": {"name": "Schemathesis"}, "role": "ROLE_AUTHOR", "organisationId": organisation}
        account = admin.post("/v1/accounts:create-service", json=wanted).raise_for_status().json()["account"]
        scopes = [f"PERMISSION_{scope}" for scope in SCOPES]
        made = admin.post(f"/v1/accounts/{account['id']}/api-keys", json={"name": "Schemathesis", "scopes": scopes})
        return str(made.raise_for_status().json()["key"])


@pytest.mark.parametrize("who", SHORT)
def test_all_checks_hold(who: str, asked: Edge, key: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """No request, valid or not, gets an answer that the document does not describe, nor one that it forbids."""
    program = python_tool("schemathesis", WEB) / "schemathesis"
    base = ["--config-file=schemathesis.toml", "run", str(ROOT / "docs/openapi.json"), f"--url={asked.http}", "--checks=all"]
    headers = [f"--header=Authorization: Bearer {key}"] if who == "author" else []
    environment = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)}
    for options in FULL if os.environ.get("SCHEMATHESIS") == "full" else SHORT[who]:
        done = subprocess.run(
            [str(program), *base, *options, *headers],
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        _, _, summary = done.stdout.partition("SUMMARY ====")
        show(request.node, f"Schemathesis, {who}: {' '.join(options)}", summary.lstrip("=\n"))
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
