"""What the public sees of an organisation's documents, handed out."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest, ExportDocumentsResponse, ImportOutcome
from gazette.content.v1.document_pb2 import BodyFormat, LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from tests.content.desk import Desk, imported
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, running

TIMES = {"publish_time", "first_publish_time", "public_update_time", "claimed_times"}
OWN = TIMES | {"document_id", "organisation_id", "record_number"}


async def export(desk: Desk, by: Person | None = None, organisation_id: str = "") -> list[ExportDocumentsResponse]:
    request = ExportDocumentsRequest(organisation_id=organisation_id or desk.organisation_id)
    return [part async for part in desk.documents.ExportDocuments(request, metadata=(by or desk.author).metadata)]


def bare(answer: GetPageResponse) -> Any:
    """What an answer says, without what another installation says differently."""
    said = getattr(answer, answer.WhichOneof("answer") or "")
    for field in OWN & {*said.DESCRIPTOR.fields_by_name}:
        said.ClearField(field)
    return said


async def test_an_export_is_what_is_live(desk: Desk) -> None:
    """An export has the content types in use, and of each document what the public sees: no draft, no newer words."""
    unused = desk.kind("unused")
    await desk.content_type(unused)
    await desk.create(f"{desk.root}/draft")
    live = await desk.published(f"{desk.root}/live", body="public")
    await desk.update(live, body="secret", path=f"{desk.root}/moving")
    content_type, document = await export(desk)
    assert content_type.content_type.name == "guide"
    said = document.document.document
    assert (said.path, said.body, said.translation_key) == (f"{desk.root}/live", "public", live.translation_key)
    assert (document.document.source, document.document.live_state) == (f"{desk.root}/live", LiveState.LIVE_STATE_PUBLISHED)
    assert document.document.claimed_first_publish_time == live.live.first_publish_time
    assert document.document.claimed_public_update_time == live.live.public_update_time
    told = {field.name for field, _ in said.ListFields()}
    assert told <= {"content_type", "locale", "translation_key", "path", "title", "body", "body_format"}


async def test_an_export_is_imported_elsewhere(desk: Desk, servers: Servers, template: str, tmp_path: Path) -> None:
    """What is exported here and imported on another server answers there as it does here."""
    claimed = Timestamp(seconds=1_000_000_000)
    parts = [
        imported(
            f"{desk.root}/p", said={"body": "<p>x</p>", "tags": ["a"], "details": {"n": 5}}, claimed_first_publish_time=claimed
        ),
        imported(f"{desk.root}/p", said={"locale": "cy"}),
        imported(f"{desk.root}/w", live_state=LiveState.LIVE_STATE_WITHDRAWN, explanation="<p>Old</p>", withdraw_time=claimed),
        imported(f"{desk.root}/g", live_state=LiveState.LIVE_STATE_GONE, explanation="<p>Wrong</p>", location=f"{desk.root}/p"),
        imported(
            f"{desk.root}/r",
            live_state=LiveState.LIVE_STATE_REDIRECTED,
            location=f"{desk.root}/p",
            covers_prefix=True,
            preserves_suffix=True,
        ),
        *(imported(f"{desk.root}/many/{number}") for number in range(45)),
    ]
    await desk.bring_in(*parts)
    exported = await export(desk)
    assert len(exported) == 1 + len(parts)
    async with running(servers, template, tmp_path / "elsewhere") as service:
        there = await Desk.opened(service)
        stream = [part.content_type if part.HasField("content_type") else part.document for part in exported]
        results = await there.bring_in(*stream)
        outcomes = [ImportOutcome.Name(result.outcome).removeprefix("IMPORT_OUTCOME_") for result in results]
        assert outcomes == ["UNCHANGED", *["CREATED"] * len(parts)]
        for part in parts:
            path, locale = part.document.path, part.document.locale
            assert bare(await there.page(path, locale)) == bare(await desk.page(path, locale))
        assert (await there.page(f"{desk.root}/p")).page.claimed_times.first_publish_time == claimed
        assert (await there.page(f"{desk.root}/r/x")).redirect.location == f"{desk.root}/p/x"
        assert [part.document for part in await export(there)][1:] == [part.document for part in exported][1:]


async def test_what_is_long_is_read_little_by_little(desk: Desk) -> None:
    """Documents of which few fit into memory at once are all there, in order, and so are the paths that they had, though these
    stand before them."""
    long = {"body": "word " * 180_000, "body_format": BodyFormat.BODY_FORMAT_MARKDOWN}
    paths = [f"{desk.root}/long-{number}" for number in range(5)]
    keys = [str(uuid.uuid4()) for _ in paths]
    await desk.bring_in(*(imported(path, key=key, said=long) for path, key in zip(paths, keys, strict=True)))
    await desk.bring_in(imported(f"{desk.root}/moved", key=keys[0], said=long))
    await desk.bring_in(imported(f"{desk.root}/moved-too", key=keys[1], said=long))
    parts = await export(desk)
    moved = [f"{desk.root}/moved", f"{desk.root}/moved-too"]
    assert [part.document.source for part in parts if part.HasField("document")] == [*paths[2:], *moved]
    assert {len(part.document.document.body) for part in parts if part.HasField("document")} == {900_000}
    assert [part.redirect.path for part in parts if part.HasField("redirect")] == paths[:2]


async def test_who_may_export(desk: Desk) -> None:
    """An organisation that is not there, and one that may not be read, are not found; an empty one is an empty export."""
    elsewhere = await desk.service.organisation()
    stranger = await desk.service.account(role=Role.ROLE_READER, organisation_id=elsewhere)
    for organisation_id in (desk.organisation_id, str(uuid.uuid4())):
        refusal = await refused(export(desk, stranger, organisation_id))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")
    assert (await refused(export(desk, desk.admin, str(uuid.uuid4())))).reason == "ORGANISATION_NOT_FOUND"
    assert await export(desk, stranger, elsewhere) == []
