"""The contract: every method says who may call it, how HTTP reaches it and what it means, and the server has every one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from google.api.annotations_pb2 import http
from google.longrunning import operations_proto_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FileDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

import gazette
from gazette.access.v1 import access_pb2
from gazette.record.v1 import record_service_pb2
from server.rpc.methods import NotInContract, access_rule
from server.rpc.registry import Registry
from tests.service import Service
from tools.contract import Contract, Described, full_name
from tools.generate import descriptors

pytestmark = pytest.mark.xdist_group("contract")  # two processes that copy the sources at once are in each other's way

OVER_GRPC_ALONE = {"gazette.files.v1.FileService.UploadFile", "gazette.files.v1.FileService.ReplaceFile"}
"""What HTTP has another form of."""


def modules() -> list[Any]:
    """The modules of all services, as the contract's package has them."""
    names = [each.name for each in pkgutil.walk_packages(gazette.__path__, "gazette.") if each.name.endswith("_service_pb2")]
    return [importlib.import_module(name) for name in names]


def methods() -> list[MethodDescriptor]:
    return [
        method for module in modules() for service in module.DESCRIPTOR.services_by_name.values() for method in service.methods
    ]


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract with its comments, compiled anew."""
    return Contract.parse(descriptors("contract-test.binpb"))


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_every_method_says_who_may_call_it(method: MethodDescriptor) -> None:
    """A method has exactly one access rule, and a permission it names is a real one."""
    rule = access_rule(method)
    assert rule.WhichOneof("rule") in {"public", "signed_in", "permission"}
    assert rule.WhichOneof("rule") != "permission" or rule.permission != access_pb2.PERMISSION_UNSPECIFIED


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_every_method_has_an_http_form(method: MethodDescriptor) -> None:
    """A method is mapped to HTTP, and what changes nothing is a GET; but for what HTTP has another form of."""
    options: Any = method.GetOptions()
    rule = options.Extensions[http]
    if method.full_name in OVER_GRPC_ALONE:
        assert not rule.WhichOneof("pattern")
        return
    assert rule.WhichOneof("pattern"), "no google.api.http"
    is_read = options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    assert is_read == (rule.WhichOneof("pattern") == "get")


def elements(contract: Contract) -> Iterator[Described]:
    for name in contract.files:
        if name.startswith("gazette/"):
            file: FileDescriptor = contract.pool.FindFileByName(name)
            for service in file.services_by_name.values():
                yield service
                yield from service.methods
            for message in file.message_types_by_name.values():
                yield from inside_message(message)
            for enum in file.enum_types_by_name.values():
                yield from inside_enum(enum)


def inside_message(message: Descriptor) -> Iterator[Described]:
    if not message.GetOptions().map_entry:
        yield message
        yield from message.fields
        for nested in message.nested_types:
            yield from inside_message(nested)


def inside_enum(enum: EnumDescriptor) -> Iterator[Described]:
    yield enum
    yield from enum.values


def test_everything_has_a_comment(contract: Contract) -> None:
    """Every service, method, message, field, enum and value says what it means, and a method its errors."""
    described = list(elements(contract))
    assert len(described) > 300
    assert [full_name(each) for each in described if not contract.comment(each)] == []
    assert [
        method.full_name
        for service in contract.services()
        for method in service.methods
        if service.full_name.startswith("gazette.") and "Errors:" not in contract.comment(method)
    ] == []


async def test_the_server_has_every_method(service: Service) -> None:
    """Each method answers something else than UNIMPLEMENTED, even to bytes that are no message."""
    for method in methods():
        path = f"/{method.containing_service.full_name}/{method.name}"
        method_of: Any = service.channel.stream_stream(path)
        call = method_of(nonsense(), timeout=5)
        assert await call.code() != grpc.StatusCode.UNIMPLEMENTED, path


async def nonsense() -> AsyncIterator[bytes]:
    yield b"\xff\xff"


def test_a_method_that_says_nothing_stops_the_start() -> None:
    """A method without an access rule is refused when the server is put together (Z1)."""
    operations = operations_proto_pb2.DESCRIPTOR.services_by_name["Operations"]
    with pytest.raises(NotInContract, match="declares no access rule"):
        access_rule(operations.methods[0])


RECORD = record_service_pb2.DESCRIPTOR.services_by_name["RecordService"]


class Entry:
    async def GetRecordEntry(self, request: Any, call: Any) -> Any: ...


class Entries:
    async def ListRecordEntries(self, request: Any, call: Any) -> Any: ...


class Streaming:
    async def ListRecordEntries(self, request: Any, call: Any) -> AsyncIterator[Any]:
        yield None


class Foreign:
    async def EraseRecord(self, request: Any, call: Any) -> Any: ...


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([Entry()], "declared and not implemented: ListRecordEntries"),
        ([Entry(), Entries(), Entry()], "GetRecordEntry is there twice"),
        ([Entry(), Entries(), Foreign()], "EraseRecord is no method"),
        ([Entry(), Streaming()], "does not answer as"),
    ],
    ids=["missing", "twice", "unknown", "of another shape"],
)
def test_parts_that_are_not_the_service_stop_the_start(parts: list[object], problem: str) -> None:
    """A method of the contract that no part has, or two have, or that is not in the contract, is refused when the server is put
    together; so is one that streams its answers where the contract has one."""
    with pytest.raises(NotInContract, match=problem):
        Registry([], frozenset()).serve(RECORD, *parts)
