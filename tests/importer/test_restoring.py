"""An installation that is restored from an export serves what the other one serves, byte for byte."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.auth.v1.organisation_service_pb2 import ReservePathRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1.document_pb2 import LinkTargets, LiveState
from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.demo import loading
from tests.content.desk import Desk, imported
from tests.content.taking import DISCARD, KEEP, redirect, remove, restore, vanish, withdraw
from tests.importer.restoring import empty_office, office_on, restored_equal
from tests.importer.sources import GOVUK, needs_govuk
from tests.servers import Servers
from tests.service import Service
from tests.soak import rounds

WITHDRAWN, REDIRECTED, GONE = LiveState.LIVE_STATE_WITHDRAWN, LiveState.LIVE_STATE_REDIRECTED, LiveState.LIVE_STATE_GONE


async def test_the_demo_is_restored(own_service: Service, servers: Servers, template: str, tmp_path: Path) -> None:
    """The demo, beside all that another organisation can have, serves the same bytes and files elsewhere, on the same
    record, and is exported again as the same (I9)."""
    await loading.load(own_service.settings)
    source = await office_on(own_service)
    await of_every_kind(await Desk.opened(own_service))
    async with empty_office(servers, template, tmp_path / "elsewhere") as target:
        summary = await restored_equal(source, target, tmp_path)
        assert (summary["organisations"], summary["storedFiles"], summary["recordEntries"] > 3) == (2, 2, True)
        stub = DeliveryServiceStub(target.service.channel)
        listed = await stub.ListPages(ListPagesRequest(page_size=100))
        assert listed == await DeliveryServiceStub(own_service.channel).ListPages(ListPagesRequest(page_size=100))


async def of_every_kind(desk: Desk) -> None:
    """Pages that moved twice and back, translations, what is withdrawn, gone, redirected with all below; superseded entries, a
    draft that nobody sees, links in a circle, a page of a type that has become stricter, and a part of the site of its own."""
    kind = desk.kind("berth")
    content_type = await desk.content_type(kind)
    key, other, claimed = str(uuid.uuid4()), str(uuid.uuid4()), Timestamp(seconds=1_000_000_000)
    circle = {"links": {"related": LinkTargets(translation_keys=[other])}}
    await desk.bring_in(
        imported(f"{desk.root}/first", key=key, said=circle, claimed_first_publish_time=claimed),
        imported(
            f"{desk.root}/p", key=other, said={"body": "<p>x</p>", "details": {"n": 5, "parts": [1.5, None]}, "tags": ["a"]}
        ),
        imported(f"{desk.root}/p", key=other, said={"locale": "cy", "title": "Llŷn"}),
        imported(f"{desk.root}/second", key=key, said=circle),
        imported(f"{desk.root}/third", key=key, said=circle),
        imported(f"{desk.root}/w", live_state=WITHDRAWN, explanation="<p>Old & grey</p>", withdraw_time=claimed),
        imported(f"{desk.root}/w-now", live_state=WITHDRAWN),
        imported(f"{desk.root}/g", live_state=GONE, explanation="<p>Wrong</p>", location=f"{desk.root}/p"),
        imported(f"{desk.root}/r", live_state=REDIRECTED, location="https://example.gov/x?a=b#c"),
        imported(f"{desk.root}/below", live_state=REDIRECTED, location="/p", covers_prefix=True, preserves_suffix=True),
        imported(f"{desk.root}/strict", said={"content_type": kind, "details": {"length": "long"}}),
    )
    live = await desk.published(f"{desk.root}/live", body="public")
    live = await desk.through_review(await desk.update(live, body="again", path=f"{desk.root}/moved"), minor=True)
    await desk.update(live, body="secret", path=f"{desk.root}/moving")
    await desk.create(f"{desk.root}/draft")
    await taken_down(desk)
    schema = Struct()
    schema.update({"required": ["length"], "properties": {"length": {"type": "number"}}})
    await desk.change_content_type(content_type, details_schema=schema)
    reserved = ReservePathRequest(organisation_id=desk.organisation_id, prefix=desk.root.strip("/"))
    await OrganisationServiceStub(desk.service.channel).ReservePath(reserved, metadata=desk.admin.metadata)


async def taken_down(desk: Desk) -> None:
    """What editors have withdrawn, removed and redirected, past drafts that were kept and discarded; and what has vanished,
    with the path that it had before, at the very end of the record."""
    withdrawn, gone = [await desk.published(f"{desk.root}/{name}", body=name) for name in ("taken-w", "taken-g")]
    await withdraw(desk, await desk.update(withdrawn, body="secret"), "Old", draft=KEEP)
    await remove(desk, await desk.update(gone, body="secret"), "Closed", f"{desk.root}/p", draft=DISCARD)
    await redirect(desk, await desk.published(f"{desk.root}/taken-r"), f"{desk.root}/p", keeps=True)
    await restore(desk, await remove(desk, await desk.published(f"{desk.root}/back")))
    vanished = await desk.published(f"{desk.root}/secret", title="Secret")
    vanished = await desk.through_review(await desk.update(vanished, path=f"{desk.root}/secret-moved"))
    await vanish(desk, vanished)


@needs_govuk
@rounds(12, 211, "number")
async def test_govuk_is_restored(number: int, own_service: Service, servers: Servers, template: str, tmp_path: Path) -> None:
    """So does what was imported from GOV.UK: a sample of its files with every commit, and all of them at night (I9)."""
    source = await office_on(own_service)
    await own_service.organisation("govuk")
    files = sorted((GOVUK / "examples").rglob("*.json"))
    for file in files[:: len(files) // number]:
        copy = tmp_path / "examples" / file.relative_to(GOVUK / "examples")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    assert (await source.bring_in(tmp_path / "examples", "--schemas", str(GOVUK / "schemas")))[0] == 0
    async with empty_office(servers, template, tmp_path / "elsewhere") as target:
        summary = await restored_equal(source, target, tmp_path)
        assert summary["created"] > number
