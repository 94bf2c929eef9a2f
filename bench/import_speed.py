"""How many documents a second an import brings into a fresh database, and how many when nothing has changed."""

from __future__ import annotations

import json
import tempfile
import uuid
from pathlib import Path

from bench import installation
from bench.installation import EMAIL, PASSWORD
from bench.measure import cpu_seconds
from gazette.auth.v1.organisation_service_pb2 import ListOrganisationsRequest
from gazette.content.v1.document_import_pb2 import ImportOptions
from gazette_client import Client
from server.importer.importing import run_import
from server.importer.summary import Summary

DOCUMENTS = 300


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gazette-bench-") as directory:
        source = Path(directory, "documents.ndjson")
        write_documents(source)
        with installation.gazette(Path(directory, "gazette")) as ours:
            print(f"\nimport of {DOCUMENTS} documents of 8 kB with 3 links each")
            for name in ("first time", "again, unchanged"):
                before = cpu_seconds(ours.pids)
                with Client(f"127.0.0.1:{ours.grpc_port}", email=EMAIL, password=PASSWORD) as client:
                    summary = bring_in(client, source)
                assert not summary.refusals, summary.refusals[:3]
                assert summary.documents == DOCUMENTS
                cost = (cpu_seconds(ours.pids) - before) / DOCUMENTS
                print(
                    f"  {name:<20}{summary.documents_per_second:7.0f} documents/s, {cost * 1e3:.1f} ms CPU of the server each"
                )


def bring_in(client: Client, source: Path) -> Summary:
    organisations = client.organisations.ListOrganisations(ListOrganisationsRequest()).organisations
    return run_import(client, ImportOptions(organisation_id=organisations[0].id), source, format="ndjson")


def write_documents(path: Path) -> None:
    keys = [str(uuid.UUID(int=(7 << 76) | (2 << 62) | number)) for number in range(DOCUMENTS)]
    with path.open("w") as file:
        print(json.dumps({"contentType": {"name": "bench_guide", "title": "Guide", "htmlMembers": []}}), file=file)
        for number, key in enumerate(keys):
            document = {
                "contentType": "bench_guide",
                "translationKey": key,
                "path": f"/bench/{number}",
                "title": f"Document {number}",
                "body": "<p>All work and <a href='/x'>no play</a> makes a dull page.</p>\n" * 130,
                "bodyFormat": "BODY_FORMAT_HTML",
                "details": {"number": number, "words": ["a", "b", "c"]},
                "links": {"related": {"translationKeys": keys[max(0, number - 3) : number]}},
            }
            imported = {"document": document, "source": f"bench/{number}", "liveState": "LIVE_STATE_PUBLISHED"}
            print(json.dumps({"document": imported}), file=file)
