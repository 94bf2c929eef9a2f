"""The methods of the contract, and what it says of each."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gazette.access.v1.access_pb2 import AccessRule, access

HEALTH, REFLECTION = "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"
"""gRPC's own services, of which our contract cannot say who may call them: they are public, and change nothing."""
PROBE = f"/{HEALTH}/Check"


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC of the contract."""

    path: str
    """As it is called: `/gazette.content.v1.ContentService/GetDocument`."""
    request_type: type[Message]
    client_streaming: bool
    server_streaming: bool
    rule: AccessRule
    """Who may call it."""
    is_read: bool
    """Whether it changes nothing."""

    @property
    def is_probe(self) -> bool:
        """Whether it is what orchestrators and Envoy ask again and again: a process that is busy must not look like one that
        is gone."""
        return self.path == PROBE


class NotInContract(Exception):
    """A method that the contract does not declare, or does not say who may call; stops the start."""


def declared(path: str) -> Method:
    """The method as the contract declares it. Raises NotInContract."""
    try:
        descriptor = method_descriptor(path)
    except KeyError:
        raise NotInContract(f"{path} is not in the contract") from None
    return Method(
        path=path,
        request_type=GetMessageClass(descriptor.input_type),
        client_streaming=descriptor.client_streaming,
        server_streaming=descriptor.server_streaming,
        rule=access_rule(descriptor),
        is_read=is_of_grpc(descriptor) or idempotency_level(path) == MethodOptions.NO_SIDE_EFFECTS,
    )


def access_rule(descriptor: MethodDescriptor) -> AccessRule:
    """Who may call the method. Raises NotInContract where the contract does not say."""
    if is_of_grpc(descriptor):
        return AccessRule(public=True)
    options: MethodOptions = descriptor.GetOptions()
    rule = options.Extensions[access]
    if not (rule.public or rule.signed_in or rule.permission):
        raise NotInContract(f"{descriptor.full_name} declares no access rule; add option (gazette.access.v1.access)")
    return rule


def is_of_grpc(descriptor: MethodDescriptor) -> bool:
    return descriptor.containing_service.full_name in {HEALTH, REFLECTION}


def method_descriptor(path: str) -> MethodDescriptor:
    """Raises KeyError for a method that no contract known here declares."""
    service_name, _, name = path.lstrip("/").partition("/")
    descriptor: MethodDescriptor = service_descriptor(service_name).methods_by_name[name]
    return descriptor


def service_descriptor(name: str) -> ServiceDescriptor:
    """Raises KeyError for a service that no contract known here declares."""
    return descriptor_pool.Default().FindServiceByName(name)


def idempotency_level(path: str) -> int:
    """What the contract says of repeating the method: a MethodOptions.IdempotencyLevel."""
    options: MethodOptions = method_descriptor(path).GetOptions()
    return options.idempotency_level
