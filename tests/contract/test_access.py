"""Who may call what: every role, held in one organisation or in all, against every method, by what the contract declares
(Z1)."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from server.rpc.methods import access_rule
from tests.auth.test_rules import TABLE
from tests.contract.asking import ATTEMPTS, has_lost_its_status
from tests.contract.test_contract import methods, nonsense
from tests.service import Service

NOBODY, WITHOUT_ROLE = "nobody", "an account without a role"
CENTRAL = {"CONTENT_TYPES_WRITE", "ORGANISATIONS_WRITE", "SYSTEM_READ"}
"""What a role in one organisation does not bring."""


def expected(caller: str, method: MethodDescriptor, *, is_everywhere: bool = True) -> grpc.StatusCode:
    """What a request that cannot be read is answered: who may not call is not told what is wrong with it."""
    rule = access_rule(method)
    if rule.public:
        return grpc.StatusCode.INVALID_ARGUMENT
    if caller == NOBODY:
        return grpc.StatusCode.UNAUTHENTICATED
    held = {*TABLE.get(caller, "").split()} - (set() if is_everywhere else CENTRAL)
    if rule.everywhere and not is_everywhere:
        return grpc.StatusCode.PERMISSION_DENIED
    is_let_in = rule.signed_in or Permission.Name(rule.permission).removeprefix("PERMISSION_") in held
    return grpc.StatusCode.INVALID_ARGUMENT if is_let_in else grpc.StatusCode.PERMISSION_DENIED


async def answered(channel: grpc.aio.Channel, method: MethodDescriptor, metadata: Any) -> grpc.StatusCode:
    method_of: Any = channel.stream_stream(f"/{method.containing_service.full_name}/{method.name}")
    for _ in range(ATTEMPTS):
        call = method_of(nonsense(), metadata=metadata, timeout=5)
        if not await has_lost_its_status(call):
            break
    code: grpc.StatusCode = await call.code()
    return code


@pytest.mark.parametrize("caller", [NOBODY, WITHOUT_ROLE, *TABLE])
async def test_a_method_lets_in_whom_its_rule_names(service: Service, caller: str) -> None:
    """Each method lets in whom its access rule names, and refuses everybody else before it reads the request."""
    role = Role.Value(f"ROLE_{caller}") if caller in TABLE else Role.ROLE_UNSPECIFIED
    metadata = None if caller == NOBODY else (await service.account(role=role)).metadata
    wanted = {method.full_name: expected(caller, method) for method in methods()}
    assert {method.full_name: await answered(service.channel, method, metadata) for method in methods()} == wanted


@pytest.mark.parametrize("caller", TABLE)
async def test_a_role_in_one_organisation_does_not_concern_everybody(service: Service, caller: str) -> None:
    """The same role in one organisation lets its holder call the same methods, but for those that concern all of them."""
    person = await service.account(role=Role.Value(f"ROLE_{caller}"), organisation_id=await service.organisation())
    wanted = {method.full_name: expected(caller, method, is_everywhere=False) for method in methods()}
    assert {method.full_name: await answered(service.channel, method, person.metadata) for method in methods()} == wanted
    central = {
        method.full_name for method in methods() if expected("ADMIN", method, is_everywhere=False) != expected("ADMIN", method)
    }
    assert len(central) >= len(CENTRAL)
    assert {wanted[name] for name in central} == {grpc.StatusCode.PERMISSION_DENIED}
