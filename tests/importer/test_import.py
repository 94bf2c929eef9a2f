"""Imports and exports by the command, through a real server."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import ListRevisionsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.delivery.v1.page_pb2 import PageState
from tests.importer.office import Office
from tests.importer.sources import GOVUK, OWN, as_dict, item, needs_govuk

EXAMPLES = OWN / "examples"


async def test_an_import_is_published_and_a_second_one_changes_nothing(office: Office) -> None:
    """Six files make their documents, with the targets of their links, and exit code 0 both times."""
    code, first = await office.bring_in(EXAMPLES)
    assert (code, first["files"], first["refused"]) == (0, 6, [])
    assert (first["created"], first["updated"], first["unchanged"], first["contentTypes"]) == (10, 1, 0, 5)

    code, second = await office.bring_in(EXAMPLES)
    assert (code, second["refused"]) == (0, [])
    assert (second["created"], second["updated"], second["unchanged"], second["contentTypes"]) == (0, 0, 11, 0)
    assert len(await office.documents()) == 10


async def test_the_public_reads_what_was_imported(office: Office) -> None:
    """Sanitised body and parts, claimed times, links, notice, redirects and what is gone."""
    await office.bring_in(EXAMPLES)

    page = (await office.page("/guidance/moor-a-boat")).page
    assert (page.title, page.content_type) == ("Moor a boat or a raft", "guide")
    assert page.html == "<p>Slow down.</p>"
    assert [part["body"] for part in as_dict(page.details)["parts"]] == ["<p>Call channel 12.</p>", "<p>Pay.</p>"]
    assert page.claimed_times.first_publish_time.ToJsonString() == "2014-03-01T08:30:00Z"
    assert [each.path for each in page.links["organisations"].pages] == ["/organisations/harbour-board"]

    assert (await office.page("/moor-a-boat")).redirect.location == "/guidance/moor-a-boat"
    assert (await office.page("/moor-a-boat.cy", "cy")).page.title == "Angori cwch"
    assert (await office.page("/old-harbour")).redirect.location == "/guidance/moor-a-boat?from=harbour#fees"
    assert (await office.page("/old-harbour/berths/12")).redirect.location == "/berths/12"
    assert (await office.page("/old-pier")).gone.alternative_path == "/news/new-lights"

    news = (await office.page("/news/new-lights")).page
    assert news.state == PageState.PAGE_STATE_WITHDRAWN
    assert news.withdrawal.explanation == "<p>The lights went out.</p>"


async def test_each_file_of_a_pair_is_a_revision(office: Office) -> None:
    """The document that moved has two, the older one at its older path."""
    await office.bring_in(EXAMPLES)
    [guide] = [each for each in await office.documents() if each.path == "/guidance/moor-a-boat"]
    request = ListRevisionsRequest(document_id=guide.id)
    stub = ContentServiceStub(office.service.channel)
    revisions = (await stub.ListRevisions(request, metadata=office.admin.metadata)).revisions
    assert [(each.number, each.path) for each in revisions] == [(2, "/guidance/moor-a-boat"), (1, "/moor-a-boat")]


async def test_what_is_known_from_links_overwrites_nothing(office: Office, tmp_path: Path) -> None:
    """A source that only embeds a document leaves it as it is; one that brings it replaces what was known from links."""
    alone = tmp_path / "news"
    shutil.copytree(EXAMPLES / "news", alone)
    await office.bring_in(alone)
    assert (await office.page("/guidance/moor-a-boat")).page.html == ""

    await office.bring_in(EXAMPLES / "guide")
    assert (await office.page("/guidance/moor-a-boat")).page.html == "<p>Slow down.</p>"

    code, again = await office.bring_in(alone)
    assert (code, again["created"], again["updated"]) == (0, 0, 0)
    assert (await office.page("/guidance/moor-a-boat")).page.html == "<p>Slow down.</p>"


async def test_every_refusal_is_named_and_the_rest_is_imported(office: Office, tmp_path: Path) -> None:
    """What this side refuses and what the server refuses are told alike, with exit code 1."""
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    bad = {
        "broken": "{",
        "untitled": json.dumps(item(title="")),
        "crooked": json.dumps(item(base_path="/a b")),
        "nul": json.dumps(item(details={"note": "a\0b"})),
        "huge": json.dumps(item(details={"note": "x" * 5_000_000})),
        "taken": json.dumps(item(content_id=None, base_path="/news/new-lights", document_type="guide")),
    }
    for name, content in bad.items():
        (tmp_path / "examples" / f"{name}.json").write_text(content)

    code, summary = await office.bring_in(tmp_path / "examples")
    refused = {each["source"].removesuffix(".json"): each["reason"] for each in summary["refused"]}
    assert (code, summary["files"]) == (1, 12)
    assert len(await office.documents()) == 10
    assert refused.keys() == bad.keys()
    assert refused["broken"].startswith("is not JSON")
    assert refused["untitled"] == "title is empty"
    assert refused["crooked"].startswith("INVALID_ARGUMENT: document.document.path")
    assert "U+0000 (character 2) is a control character" in refused["nul"]
    assert refused["huge"].startswith("INVALID_ARGUMENT REQUEST_TOO_LARGE")
    assert refused["taken"].startswith("PATH_TAKEN")


async def test_an_export_can_be_imported_elsewhere(office: Office, tmp_path: Path) -> None:
    """Line by line, and a second import of it changes nothing."""
    await office.bring_in(EXAMPLES)
    file = tmp_path / "harbours.ndjson"
    code, _, told = await office.run("export", file)
    assert (code, told) == (0, "10 documents, 1 former path exported\n")

    await office.service.organisation("elsewhere")
    code, output, _ = await office.run("import", file, "--organisation", "harbours")
    assert code == 0, output
    code, output, _ = await office.run("import", file, "--organisation", "harbours")
    assert "documents: 0 created, 0 updated, 10 unchanged; content types: 0 created" in output
    code, output, _ = await office.run("export", "-", "--organisation", "harbours")
    assert len(output.splitlines()) == len(file.read_text().splitlines())


async def test_a_content_type_that_was_here_already_is_noted(office: Office) -> None:
    """It stays as it is; the summary says that its own schema was asked for, and what it does not sanitise."""
    await office.bring_in(EXAMPLES)
    _, summary = await office.bring_in(EXAMPLES, "--schemas", str(EXAMPLES / "closed"))
    assert "content type guide was here already; its own schema was asked for" in summary["notes"]


async def test_an_organisation_must_be_named_where_there_are_several(office: Office) -> None:
    """The error lists them; an unknown one is an error too. Exit code 2: nothing was done."""
    await office.service.organisation("transport")
    code, _, error = await office.run("import", EXAMPLES, "--format", "govuk")
    assert code == 2
    assert "say whose documents with --organisation; there are: harbours, transport" in error
    code, _, error = await office.run("import", EXAMPLES, "--format", "govuk", "--organisation", "mint")
    assert code == 2
    assert "there is no organisation 'mint'; there are: harbours, transport" in error


async def test_the_only_organisation_that_the_grants_name_is_meant(office: Office) -> None:
    """An account of one organisation need not say so."""
    transport = await office.service.organisation("transport")
    person = await office.service.account(role=Role.ROLE_ADMIN, organisation_id=transport)
    _, _, told = await office.run("export", "-", by=person)
    assert told == "0 documents exported\n"


async def test_a_caller_who_may_not_import_is_told_so(office: Office) -> None:
    """Exit code 2, with the server's reason."""
    reader = await office.service.account(role=Role.ROLE_READER)
    code, output, error = await office.run("import", EXAMPLES, "--format", "govuk", by=reader)
    assert (code, output) == (2, "")
    assert "PERMISSION_DENIED" in error


async def test_a_wrong_password_and_a_server_that_is_away_are_told(office: Office) -> None:
    """Exit code 2, one line that names the server, no trace, and nothing that gRPC notes by itself."""
    arguments = ("import", EXAMPLES, "--format", "govuk", "--email", office.admin.email, "--password", "wrong")
    address = office.service.address
    for target, others, reason in (
        (address, (), f"{address}: UNAUTHENTICATED INVALID_CREDENTIALS: "),
        ("127.0.0.1:1", (), "UNAVAILABLE: 127.0.0.1:1 cannot be reached: connection refused."),
        (address, ("--tls",), f"UNAVAILABLE: {address} cannot be reached: it does not speak TLS"),
    ):
        command = (sys.executable, "-m", "server", *map(str, arguments), "--target", target, *others)
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        _, error = await process.communicate()
        assert process.returncode == 2
        assert error.decode().startswith(f"Error: {reason}")
        assert error.decode().count("\n") == 1


@pytest.mark.soak
@needs_govuk
async def test_all_of_govuk_is_imported_and_a_second_run_changes_nothing(office: Office) -> None:
    """211 files, none refused, and the page is there to be read."""
    code, first = await office.bring_in(GOVUK / "examples")
    assert (code, first["files"], first["refused"]) == (0, 211, [])
    assert first["unchanged"] == 0

    page = (await office.page("/guidance/apply-for-a-tier-4-sponsor-licence")).page
    assert page.title == "Apply for a Tier 4 sponsor licence"
    assert page.html.startswith('<div class="govspeak"><p>Apply for a Tier 4 sponsor licence')

    code, second = await office.bring_in(GOVUK / "examples")
    assert (code, second["refused"]) == (0, [])
    assert (second["created"], second["updated"]) == (0, 0)
    assert second["unchanged"] == first["created"] + first["updated"]
