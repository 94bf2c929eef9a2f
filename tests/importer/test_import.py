"""Imports and exports by the command, through a real server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio
from click.testing import CliRunner
from sqlalchemy import text
from structlog.testing import capture_logs

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import ListDocumentsRequest, ListRevisionsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.delivery.v1.page_pb2 import PageState
from server.cli import gazette
from server.importer import ndjson
from server.record import log as record
from tests.importer.sources import GOVUK, OWN, as_dict, item, needs_govuk, read
from tests.polling import until
from tests.servers import Servers
from tests.service import Person, Service, running

EXAMPLES = OWN / "examples"


@dataclass
class Office:
    """A server with one organisation, and its admin at the command line."""

    service: Service
    admin: Person

    def words(self, *arguments: str | Path, by: Person | None = None) -> list[str]:
        """The command line, with the server's address and who asks."""
        person = by or self.admin
        who = ("--target", self.service.address, "--email", person.email, "--password", person.password)
        return [*map(str, arguments), *who]

    async def begin(self, *arguments: str | Path) -> asyncio.subprocess.Process:
        """The command as a process of its own, which can be interrupted."""
        command = (sys.executable, "-m", "server", *self.words(*arguments))
        return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)

    async def run(self, *arguments: str | Path, by: Person | None = None) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of the command."""
        with capture_logs():  # the server in this process would write its own between the command's lines
            done = await asyncio.to_thread(CliRunner().invoke, gazette, self.words(*arguments, by=by))
        return done.exit_code, done.stdout, done.stderr

    async def bring_in(self, path: Path, *options: str, by: Person | None = None) -> tuple[int, dict[str, Any]]:
        """Exit code and summary of an import from GOV.UK."""
        code, output, error = await self.run("import", path, "--format", "govuk", "--json", *options, by=by)
        assert output, error
        summary: dict[str, Any] = json.loads(output)
        return code, summary

    async def page(self, path: str, locale: str = "en") -> GetPageResponse:
        request = GetPageRequest(path=path, locale=locale)
        answer: GetPageResponse = await DeliveryServiceStub(self.service.channel).GetPage(request)
        return answer

    async def documents(self) -> list[Document]:
        stub = ContentServiceStub(self.service.channel)
        answer = await stub.ListDocuments(ListDocumentsRequest(page_size=200), metadata=self.admin.metadata)
        return [*answer.documents]


@pytest_asyncio.fixture
async def office(own_service: Service) -> Office:
    """On a server of its own: an organisation need not be named where there is only one, and sources say where pages are."""
    await own_service.organisation("harbours")
    return Office(own_service, await own_service.account("admin@example.gov", role=Role.ROLE_ADMIN))


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
    assert "contains U+0000" in refused["nul"]
    assert refused["huge"].startswith("RESOURCE_EXHAUSTED")
    assert refused["taken"].startswith("PATH_TAKEN")


async def test_an_import_that_is_cut_off_goes_on_where_it_was(office: Office) -> None:
    """Ctrl-C ends it with a summary; the same command later finds what was imported unchanged."""
    database, lock = office.service.database, f"SELECT pg_advisory_xact_lock({record.LOCK})"
    async with database.direct() as second, second.transaction():  # which may append to the record after the first document has
        async with database.direct() as first, first.transaction():  # which keeps the first document waiting
            await first.execute(lock)
            process = await office.begin("import", EXAMPLES, "--format", "govuk", "--batch", "1")
            await until(lambda: are_waiting(office.service, 1))
            next_in_line = asyncio.ensure_future(second.execute(lock))
            await until(lambda: are_waiting(office.service, 2))
        await next_in_line
        await until(lambda: are_waiting(office.service, 1))  # the second document
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()
    assert process.returncode == 130
    assert b"Interrupted. What was imported stays" in output

    code, rest = await office.bring_in(EXAMPLES)
    assert code == 0
    assert rest["unchanged"] == 1
    assert rest["created"] + rest["updated"] + rest["unchanged"] == 11


async def test_an_export_can_be_imported_elsewhere(office: Office, tmp_path: Path) -> None:
    """Line by line, and a second import of it changes nothing."""
    await office.bring_in(EXAMPLES)
    file = tmp_path / "harbours.ndjson"
    code, _, told = await office.run("export", file)
    assert (code, told) == (0, "10 documents exported\n")

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
    """Exit code 2, one line, no trace."""
    arguments = ("import", EXAMPLES, "--format", "govuk", "--email", office.admin.email)
    for target, password, reason in (
        (office.service.address, "wrong", "INVALID_CREDENTIALS"),
        ("127.0.0.1:1", "x", "UNAVAILABLE"),
    ):
        command = (sys.executable, "-m", "server", *map(str, arguments), "--target", target, "--password", password)
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        _, error = await process.communicate()
        assert process.returncode == 2
        assert reason in error.decode()
        assert error.decode().startswith("Error: ")
        assert "Traceback" not in error.decode()


async def test_a_server_that_goes_away_ends_it_with_a_summary(servers: Servers, template: str, tmp_path: Path) -> None:
    """Exit code 2, and what was done until then is told."""
    pipe = tmp_path / "slowly.ndjson"
    os.mkfifo(pipe)
    parts = [ndjson.line(part) for part in read(OWN).conversion.parts()]
    async with running(servers, template, tmp_path) as service:
        await service.organisation("harbours")
        office = Office(service, await service.account(role=Role.ROLE_ADMIN))
        process = await office.begin("import", pipe, "--batch", "1")
        with await asyncio.to_thread(pipe.open, "wb", buffering=0) as source:
            await asyncio.to_thread(source.write, b"".join(parts[:3]))
            assert process.stderr is not None
            assert await process.stderr.readline() == b"1 sent\n"
            assert await process.stderr.readline() == b"2 sent\n"
            await service.app.server.stop(None)
            source.write(parts[3])
        output, _ = await process.communicate()
        assert process.returncode == 2
        assert b"What was imported stays" in output


async def are_waiting(service: Service, count: int) -> bool:
    """Whether so many wait to append to the record, which they do in the order in which they came."""
    statement = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM"
    async with service.owner.connect() as connection:
        found = await connection.execute(text(f"{statement} pg_database WHERE datname = current_database())"))
        return int(found.scalar_one()) == count


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
