"""Update masks: every method that takes one refuses what an update cannot change, and changes nothing (Z3)."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import error_details_pb2, status_pb2
from sqlalchemy import text

from server.app import TABLES
from tests.contract.asking import answered, is_update, mutable, request
from tests.contract.office import Office, allow_guides
from tests.contract.test_contract import methods
from tests.service import Service

UPDATES = [method for method in methods() if is_update(method)]
FOREIGN = [
    "",
    "*",
    "**",
    "id",
    "etag",
    "status",
    "state",
    "author_id",
    "organisation_id",
    "create_time",
    "update_time",
    "nonsense",
]
"""What no update changes."""


def masks(method: MethodDescriptor) -> list[list[str]]:
    good = mutable(method.input_type)
    bad = [*FOREIGN, f"{good}.first", f".{good}", good.title(), f"{good},{good}", f"account.{good}", f"document.{good}"]
    return [[], *([path] for path in bad), [good, "status"], ["*", good]]


async def stored(service: Service) -> dict[str, Any]:
    """What every table holds, but for the seals that the audit gets by itself."""
    found = {}
    async with service.owner.connect() as connection:
        for name in set(TABLES.tables) - {"audit_seals", "audit_unsealed"}:
            whole = text(f"SELECT md5(string_agg(row::text, ' ' ORDER BY row::text)) FROM {name} AS row")
            found[name] = (await connection.execute(whole)).scalar()
    return found


@pytest.mark.parametrize("method", UPDATES, ids=lambda method: method.name)
async def test_what_cannot_be_changed_is_not(own_service: Service, method: MethodDescriptor) -> None:
    """Nothing at all, everything, the server's own fields, unknown and nested ones: each is refused by its field, and every
    table stays as it was."""
    admin = await allow_guides(own_service)
    office = await Office.opened(own_service)
    before = await stored(own_service)
    for thing in ("person_id", "organisation_id", "document_id"):
        asked = request(method, {}, {**office.things, "id": office.things[thing], "name": "guide"})
        for paths in masks(method):
            asked.update_mask.paths[:] = paths
            answer = await answered(own_service, method, asked, admin)
            status, bad, info = status_pb2.Status(), error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
            status.MergeFromString(answer.said)
            assert answer.code is grpc.StatusCode.INVALID_ARGUMENT, paths
            assert any(each.Unpack(info) for each in status.details)
            assert any(each.Unpack(bad) for each in status.details)
            assert info.reason == "INVALID_UPDATE_MASK", paths
            assert [each.field for each in bad.field_violations] == ["update_mask"], paths
    assert await stored(own_service) == before


def test_no_update_goes_without_a_mask() -> None:
    """Every method that updates something, or says what that would come to, takes a mask, and is asked above."""
    named = {method.full_name for method in methods() if method.name.startswith(("Update", "Merge"))}
    assert named == {method.full_name for method in UPDATES}
