"""Publish checks in exports: what an installation knows of them that is restored from another one."""

from __future__ import annotations

from pathlib import Path

from gazette.content.v1.content_type_service_pb2 import GetContentTypeRequest
from gazette.content.v1.document_import_pb2 import ImportOptions
from tests.content.checking import BLOCK, DEAD, IMAGE, LEVEL, OFF, REASON, approved, published, setting
from tests.content.desk import Desk
from tests.content.transferring import admin_of_all, exported, outcomes, results_of
from tests.servers import Servers
from tests.service import running


async def test_what_is_restored_elsewhere(own_desk: Desk, servers: Servers, template: str, tmp_path: Path) -> None:
    """An installation that is restored knows over which checks its pages were published, and what its content types want."""
    desk = own_desk
    kind = desk.kind("strict")
    made = await desk.content_type(kind, publish_checks=[setting(DEAD, BLOCK), setting(LEVEL, OFF)])
    document = await approved(desk, content_type=kind)
    await published(desk, document, desk.admin, override_checks=[IMAGE], override_reason=REASON)
    parts = await exported(desk.service, desk.admin, for_restoring=True)
    async with running(servers, template, tmp_path / "elsewhere") as elsewhere:
        admin = await admin_of_all(elsewhere)
        assert "CREATED" in outcomes(await results_of(elsewhere, admin, ImportOptions(restores=True), parts))
        assert await exported(elsewhere, admin, for_restoring=True) == parts
        there = Desk(elsewhere, desk.organisation_id, admin, admin, admin, admin)
        assert [*(await there.get(document)).live.overridden_checks] == [IMAGE]
        request = GetContentTypeRequest(name=kind)
        known = (await there.content_types.GetContentType(request, metadata=admin.metadata)).content_type
        assert [*known.publish_checks] == [*made.publish_checks]
