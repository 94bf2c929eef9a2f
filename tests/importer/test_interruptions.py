"""Imports that are broken off: by who began them, by a server that goes, by the end of rights."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from server.importer import ndjson
from server.record import log as record
from tests.auth.administering import ask
from tests.importer.office import Office
from tests.importer.sources import OWN, read
from tests.polling import until
from tests.servers import Servers
from tests.service import Service, running

EXAMPLES = OWN / "examples"


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


async def test_an_importer_who_is_disabled_is_told_what_stays(office: Office) -> None:
    """In the middle of a batch: what had been committed before is counted, and nothing comes after it (T8)."""
    database, lock = office.service.database, f"SELECT pg_advisory_xact_lock({record.LOCK})"
    other = await office.service.account(role=Role.ROLE_ADMIN)
    async with database.direct() as second, second.transaction():  # as above: one document is in, and the next waits
        async with database.direct() as first, first.transaction():
            await first.execute(lock)
            process = await office.begin("import", EXAMPLES, "--format", "govuk", "--json")
            await until(lambda: are_waiting(office.service, 1))
            next_in_line = asyncio.ensure_future(second.execute(lock))
            await until(lambda: are_waiting(office.service, 2))
        await next_in_line
        await until(lambda: are_waiting(office.service, 1))
        await ask(office.service, other, "DisableAccount", id=office.admin.id)
    output, _ = await process.communicate()
    summary = json.loads(output)
    assert (process.returncode, summary["created"], summary["updated"]) == (2, 1, 0)
    assert "What was committed before stays: 1 document created, 0 updated." in summary["trouble"]
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM documents"))).scalar_one() == 1


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
