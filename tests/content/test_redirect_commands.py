"""`gazette redirects`: what was stored before redirects were followed (C13)."""

from __future__ import annotations

import json

from sqlalchemy import select, text

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Redirect
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server.audit.models import AuditEvent
from tests.command_line import run
from tests.content.desk import Desk
from tests.content.redirecting import leads_to, moved, page, redirect
from tests.publishing import put_redirect


async def lead_as_before(desk: Desk, path: str, location: str) -> None:
    """Makes a redirect lead where an earlier release would have let it lead, without a language and without a word."""
    answer = GetPageResponse(redirect=Redirect(location=desk.root + location)).SerializeToString()
    async with desk.service.owner.begin() as connection:
        change = text("UPDATE pages SET answer = :answer WHERE path = :path")
        await connection.execute(change, {"answer": answer, "path": desk.root + path})


async def test_what_was_stored_is_put_right(own_desk: Desk) -> None:
    """What moves left is made to lead to the documents, on the record and the audit; what is to be decided is told."""
    desk, root = own_desk, own_desk.root
    assert (await run(desk.service, "redirects", "check")).output == "All redirects lead somewhere.\n"
    document = await moved(desk, await desk.published(f"{root}/a"), "/b", "/c")
    await desk.bring_in(page(desk, "/b"), page(desk, "/end"), redirect(desk, "/fine", "/end", keeps=True))
    await lead_as_before(desk, "/a", "/b")
    for path, location in (("/x", "/y"), ("/y", "/x"), ("/in", "/x"), ("/lost", "/nowhere")):
        await put_redirect(desk.service.database, root + path, root + location)
    await put_redirect(desk.service.database, f"{root}/p", f"{root}/p/q", covers=True, preserves=True)

    result = await run(desk.service, "redirects", "check")
    assert result.exit_code == 1
    lost = f"{root}/lost (en): leads to {root}/nowhere, and nothing is there"
    x, y = (f"{root}/{one} (en): leads nowhere: {root}/{one} → {root}/{two} → {root}/{one}" for one, two in ("xy", "yx"))
    into = f"{root}/in (en): leads nowhere: {root}/in → {root}/x → {root}/y → {root}/x"
    elsewhere = f"{root}/a (en): leads to {root}/b, and its document is at {root}/c"
    *lines, last = result.output.splitlines()
    assert last == "6 redirects do not lead where they should."
    assert [*lines[:3], *lines[4:]] == [elsewhere, into, lost, x, y]
    assert lines[3].startswith(f"{root}/p (en): leads nowhere: {root}/p → {root}/p/q → {root}/p/q/q")

    before = len(await desk.record())
    result = await run(desk.service, "redirects", "mend")
    assert (result.exit_code, result.output.splitlines()) == (1, [f"1 redirect leads to {root}/c now", *lines[1:]])
    assert await leads_to(desk, "/a", "/c")
    (entry,) = (await desk.record())[before:]
    assert (entry.path, entry.document_id) == (f"{root}/a", document.id)
    assert entry.kind == RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED
    asked = select(AuditEvent.__table__).where(AuditEvent.action == "redirects.mend")
    async with desk.service.database.read() as connection:
        event = (await connection.execute(asked)).one()
    assert (event.target, event.details["record_number"], event.details["by"]) == (document.id, entry.number, "cli")

    await desk.bring_in(page(desk, "/x"), page(desk, "/nowhere"), page(desk, "/p"))
    result = await run(desk.service, "redirects", "check", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
    result = await run(desk.service, "redirects", "mend")
    assert (result.exit_code, result.output) == (0, "")
