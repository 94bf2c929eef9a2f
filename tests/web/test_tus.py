"""tus-js-client, which knows nothing of Gazette but an address, against what `make run` starts."""

from __future__ import annotations

from base64 import b64encode
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.edge import Edge
from tests.files.uploading import PNG
from tests.web.origins import Origins
from tests.web.scripts import CLIENTS, said
from tools.node import Node

pytestmark = pytest.mark.web


def test_a_client_of_tus_goes_on_where_it_was(web_edge: Edge, node: Node, packages: Path) -> None:
    """Broken off, its upload goes on at the same address behind what was kept, and arrives; given up, it is gone; what is
    refused is an error with its status."""
    with closing(web_edge.client("author@example.gov")) as author:
        organisation_id = author.get("/v1/organisations").json()["organisations"][0]["id"]
        given = {
            "http": web_edge.http,
            "token": author.headers["authorization"].removeprefix("Bearer "),
            "organisationId": organisation_id,
            "picture": b64encode(PNG).decode(),
        }
    resumed, terminated, refused = said(["node", str(CLIENTS / "tus.mjs")], given, node.environment())

    assert resumed["kept"] >= 1_000_000
    assert {name: resumed[name] for name in ("same", "began", "right", "state")} == {
        "same": True,
        "began": True,
        "right": True,
        "state": "FILE_STATE_READY",
    }
    assert terminated["status"] == 404
    assert refused["status"] == 400


def test_scripts_of_other_origins_speak_it(web_edge: Edge, origins: Origins) -> None:
    """A browser is told that the protocol's headers may be sent, and read."""
    asked = {
        "origin": origins.front,
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "authorization,content-type,tus-resumable,upload-offset,upload-metadata",
    }
    preflight = httpx.options(f"{web_edge.http}/v1/uploads/0190d5c3-0000-7000-8000-000000000000", headers=asked)
    plain = httpx.options(f"{web_edge.http}/v1/uploads:tus", headers={"origin": origins.front})

    assert preflight.headers["access-control-allow-origin"] == origins.front
    allowed = {each.strip() for each in preflight.headers["access-control-allow-headers"].split(",")}
    assert {"tus-resumable", "upload-offset", "upload-length", "upload-metadata", "upload-checksum"} <= allowed
    readable = {each.strip() for each in plain.headers["access-control-expose-headers"].split(",")}
    assert {"location", "upload-offset", "upload-length", "upload-expires", "tus-resumable", "tus-version"} <= readable
