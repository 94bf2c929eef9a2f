"""Content types that are deleted, and made again."""

from __future__ import annotations

from typing import Any

import grpc

from gazette.content.v1.content_type_change_pb2 import DeleteContentTypeRequest
from tests.auth.stored import events
from tests.content.desk import Desk
from tests.content.test_content_type_changes import limited, versions
from tests.content.type_changes import now
from tests.refusals import refused


async def test_only_what_nobody_uses_is_deleted(desk: Desk) -> None:
    """A type of which there are documents is not deleted; one that is comes back by being made again, and its versions go on
    (C39)."""
    made = await desk.content_type(desk.kind("used"), limited(5))
    await desk.create(content_type=made.name)
    admin = desk.admin.metadata

    async def delete(name: str, etag: str, metadata: Any = admin) -> None:
        await desk.content_types.DeleteContentType(DeleteContentTypeRequest(name=name, etag=etag), metadata=metadata)

    refusal = await refused(delete(made.name, made.etag))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CONTENT_TYPE_IN_USE")
    unused = await desk.content_type(desk.kind("unused"), limited(5))
    assert (await refused(delete(unused.name, "9"))).reason == "STALE_ETAG"
    assert (await refused(delete(unused.name, unused.etag, desk.publisher.metadata))).reason == "PERMISSION_DENIED"
    await delete(unused.name, unused.etag)
    for call in (delete(unused.name, unused.etag), now(desk, unused.name)):
        assert (await refused(call)).reason == "CONTENT_TYPE_NOT_FOUND"
    refusal = await refused(desk.create(content_type=unused.name))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CONTENT_TYPE_NOT_FOUND")
    assert (await now(desk, unused.name, 1)).details_schema == unused.details_schema
    again = await desk.content_type(unused.name, limited(5))
    assert (again.version, await versions(desk, unused.name)) == (2, [2, 1])
    deleted = [each.target for each in await events(desk.service, "content_type.delete")]
    assert deleted.count(unused.name) == 1
