"""What the contract says of each method: who may call it, and whether a call may be repeated. Read from the descriptors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import MethodOptions

from gazette.access.v1.access_pb2 import access
from gazette.calls.v1.calls_pb2 import starts_session, takes_idempotency_key


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC of the contract."""

    path: str
    """As it is called: `/gazette.content.v1.ContentService/GetDocument`."""
    is_public: bool = True
    """Whether anyone may call it, signed in or not."""
    is_safe: bool = False
    """Whether calling it twice does no more than calling it once."""
    takes_key: bool = False
    """Whether an `idempotency-key` makes it safe."""
    is_stream: bool = False
    """Whether either side sends a stream of messages."""
    takes_minimum: bool = False
    """Whether it reads what is public, no older than the caller says."""
    starts_session: bool = False
    """Whether it is signing in itself, and carries no token."""


@cache
def method(path: str) -> Method:
    """What the contract says; a method that is not in it (`grpc.health.v1`) passes as it is."""
    service, _, name = path.lstrip("/").partition("/")
    try:
        found = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    except KeyError:
        return Method(path)
    options: MethodOptions = found.GetOptions()
    rule = options.Extensions[access]
    starts = options.Extensions[starts_session]
    return Method(
        path,
        is_public=not (rule.signed_in or rule.permission),
        is_safe=starts or options.idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN,
        takes_key=options.Extensions[takes_idempotency_key],
        is_stream=found.client_streaming or found.server_streaming,
        takes_minimum="min_record_number" in found.input_type.fields_by_name,
        starts_session=starts,
    )
