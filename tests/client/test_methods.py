"""What the client takes from the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from gazette_client import AsyncClient, Client
from gazette_client.methods import Method, method

PROTO = Path(__file__).resolve().parents[2] / "proto"
COMMENTED_RPC = re.compile(r"((?:^ *//.*\n)+) *rpc (\w+)\(", re.MULTILINE)


def declared() -> Iterator[MethodDescriptor]:
    for file in sorted(PROTO.rglob("*_service.proto")):
        descriptor = descriptor_pool.Default().FindFileByName(str(file.relative_to(PROTO)))
        for service in descriptor.services_by_name.values():
            yield from service.methods


def path(rpc: MethodDescriptor) -> str:
    return f"/{rpc.containing_service.full_name}/{rpc.name}"


def test_keys_go_where_the_contract_speaks_of_them() -> None:
    """The methods that take an idempotency key are those whose comments say so, and none is idempotent by itself."""
    documented = {
        rpc
        for file in PROTO.rglob("*_service.proto")
        for comment, rpc in COMMENTED_RPC.findall(file.read_text())
        if "`idempotency-key`" in comment
    }

    keyed = [method(path(rpc)) for rpc in declared() if method(path(rpc)).takes_key]
    assert {each.path.rpartition("/")[2] for each in keyed} == documented
    assert not [each.path for each in keyed if each.is_safe]
    assert {"CreateDocument", "UploadFile"} <= documented


@pytest.mark.parametrize(
    "expected",
    [
        Method("/gazette.delivery.v1.DeliveryService/GetPage", is_public=True, is_safe=True, takes_minimum=True),
        Method("/gazette.content.v1.ContentService/PublishDocument", is_public=False),
        Method("/gazette.content.v1.ContentService/CreateDocument", is_public=False, takes_key=True),
        Method("/gazette.content.v1.ContentService/ImportDocuments", is_public=False, is_safe=True, is_stream=True),
        Method("/gazette.content.v1.ContentService/AddComment", is_public=False, takes_key=True),
        Method("/gazette.content.v1.ContentService/ResolveComment", is_public=False, is_safe=True),
        Method("/gazette.content.v1.ContentService/MergeDocument", is_public=False, is_safe=True),
        Method("/gazette.content.v1.ContentService/BatchGetDocuments", is_public=False, is_safe=True),
        Method("/gazette.content.v1.ContentService/BatchPublishDocuments", is_public=False),
        Method("/gazette.content.v1.ContentService/CreatePreviewLink", is_public=False),
        Method("/gazette.auth.v1.AuthService/Logout", is_public=False, is_safe=True),
        Method("/gazette.auth.v1.AuthService/Login", is_public=True, is_safe=True, starts_session=True),
        Method("/grpc.health.v1.Health/Check"),
    ],
    ids=lambda expected: expected.path.rpartition("/")[2],
)
def test_the_contract_says_how_a_method_is_called(expected: Method) -> None:
    """Who may call it and what may be repeated come from the descriptors."""
    assert method(expected.path) == expected


def test_no_method_streams_both_ways() -> None:
    """The interceptors know three shapes; a fourth would go out without a token."""
    assert not [rpc.full_name for rpc in declared() if rpc.client_streaming and rpc.server_streaming]


async def test_both_clients_have_every_service() -> None:
    """Each service of the contract is an attribute of either client, under one name."""
    services = {rpc.containing_service.name for rpc in declared()}
    async with AsyncClient("localhost:1") as asynchronous:
        with Client("localhost:1") as synchronous:
            found = [
                {name: stub for attribute in vars(client).items() for name, stub in stubs(*attribute)}
                for client in (asynchronous, synchronous)
            ]

    assert found[0] == found[1]
    assert set(found[0].values()) == {f"{service}Stub" for service in services}


def stubs(name: str, value: object) -> Iterator[tuple[str, str]]:
    """The attribute and the generated class that it is of, if it is a service."""
    yield from ((name, kind.__name__) for kind in type(value).mro() if kind.__module__.endswith("_pb2_grpc"))
