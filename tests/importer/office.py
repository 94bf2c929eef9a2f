"""The command line of an organisation's admin."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from structlog.testing import capture_logs

from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.cli import gazette
from tests.service import Person, Service


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
