"""What the contract says of each method: who may call it, and whether a call may be repeated. Read from the descriptors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import MethodOptions

from gazette.access.v1.access_pb2 import access

AUTH = "/gazette.auth.v1.AuthService/"
STARTS_SESSION = frozenset({f"{AUTH}Login", f"{AUTH}RefreshToken"})
"""Signing in itself. These carry no token. The contract marks neither as idempotent, since each makes new tokens, but calls
a retry safe in its comments."""
ANSWER_SECRETS = frozenset({"CreateApiKey", "CreatePreviewLink"})


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

    @property
    def starts_session(self) -> bool:
        return self.path in STARTS_SESSION


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
    is_safe = options.idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN or path in STARTS_SESSION
    return Method(
        path,
        is_public=not (rule.signed_in or rule.permission),
        is_safe=is_safe,
        takes_key=not is_safe and makes_something(name),
        is_stream=found.client_streaming or found.server_streaming,
        takes_minimum="min_record_number" in found.input_type.fields_by_name,
    )


def makes_something(name: str) -> bool:
    """Whether the method takes an `idempotency-key`: AddComment, InviteAccount, UploadFile and every Create… do, but those
    whose answers hold a secret, and are stored nowhere. The contract says so in its comments, which descriptors lack; a test
    compares."""
    return name in {"AddComment", "InviteAccount", "UploadFile"} or (name.startswith("Create") and name not in ANSWER_SECRETS)
