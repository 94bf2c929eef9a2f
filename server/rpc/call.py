"""The call that is being answered: its method, metadata, caller and address. Interceptors and handlers find it here."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, NamedTuple

import grpc

from gazette.access.v1.access_pb2 import Permission
from server.rpc.caller import ANONYMOUS, Caller
from server.rpc.failures import Failure
from server.rpc.methods import Method

BINARY, NOT_UTF_8 = "-bin", "latin-1"
"""How names of binary values end; and how text is read that is no UTF-8, which grpc hands on as bytes (RFC 9110 section
5.5): left out, a key or a condition would count as not given."""
LEAVING_SECONDS = 5.0
"""More than it takes grpc to say that a client has left, however busy the process is."""

Arrived = Sequence[tuple[str, str | bytes]]

Handler = Callable[[Any, "Call"], Awaitable[Any]]
"""What answers a call. The request is the message, or an async iterator of them; the answer of a unary method is a message or
its bytes, a streaming method writes its answers to the context itself."""

Interceptor = Callable[[Method, Handler], Handler]
"""Wraps a method's handler, once, when the server starts."""


class Need(NamedTuple):
    """What the caller must be permitted all along."""

    permission: Permission.ValueType
    organisation_id: uuid.UUID | None
    """In this organisation; None stands for all."""


class Progress(NamedTuple):
    """What a call has done for good, whatever becomes of the rest."""

    words: str
    """A sentence for people, after the message of a failure."""
    metadata: Mapping[str, str]
    """For programs, in the failure's ErrorInfo."""


class Call:
    """One call. What costs time is found out when it is asked for, without asking grpc: what a client sends is in `arrived`,
    and the log may ask for all of it."""

    __slots__ = (
        "_metadata",
        "_request_id",
        "allowance",
        "arrived",
        "caller",
        "check",
        "context",
        "headers",
        "method",
        "needs",
        "progress",
        "proxies",
        "refusal",
        "start",
    )

    def __init__(
        self,
        method: Method,
        context: grpc.aio.ServicerContext[Any, Any],
        proxies: frozenset[str],
        arrived: Arrived = (),
    ) -> None:
        self.method = method
        self.context = context
        self.proxies = proxies
        self.arrived = arrived
        """The request's metadata, as grpc has decoded it, once, when the call came."""
        self.start = time.perf_counter()
        self.caller: Caller = ANONYMOUS
        self.refusal: Failure | None = None
        """Why the caller is not known, though a credential came."""
        self.headers: tuple[tuple[str, str], ...] = ()
        """Initial metadata, which leaves with the answer or the refusal. A handler adds to it last, when nothing can fail."""
        self.needs: tuple[Need, ...] = ()
        """What the caller of a stream must go on to be permitted, beside what the contract asks for."""
        self.check: Callable[[Call], Awaitable[None]] | None = None
        """Asks who calls once more: only streams take long enough for it."""
        self.progress: Progress | None = None
        self.allowance = 0.0
        """Seconds that it may take beyond the deadline of calls, where what it does is known to take long."""
        self._metadata: Mapping[str, str] | None = None
        self._request_id = ""

    @property
    def seconds(self) -> float:
        """For how long it has been answered."""
        return time.perf_counter() - self.start

    async def confirm(self) -> None:
        """Asks once more who calls, and whether they still may: for the moment before a stream stores something. It costs no
        question to anybody unless something has changed. Raises Unauthenticated, PermissionDenied."""
        if self.check is not None:
            await self.check(self)

    def tell_headers(self) -> None:
        """Lets what was collected leave with the one answer of an HTTP call, as its status' message: that is the only part of a
        good answer's trailers which Envoy's transcoder makes a header, and rest.lua takes it apart. For the hot path alone:
        initial metadata would be a message of its own, which costs a third of a read from memory (docs/decisions/0021)."""
        headers, self.headers = self.headers, ()
        self.context.set_details("".join(f"{name}: {value}\n" for name, value in headers))

    async def send_headers(self) -> None:
        """Sends what was collected, as it can be once. Raises CancelledError if the client has left."""
        headers, self.headers = self.headers, ()
        try:
            await self.context.send_initial_metadata(headers)
        except grpc.aio.InternalError:
            await self.be_cancelled()
            raise

    async def write(self, message: bytes) -> None:
        """Sends one answer of a stream. Raises CancelledError if the client has left."""
        try:
            await self.context.write(message)
        except grpc.aio.InternalError:
            await self.be_cancelled()
            raise

    async def be_cancelled(self) -> None:
        """Waits to be cancelled, after grpc could not send: mostly because the client has left, and then grpc cancels the call
        in its next turns. Returns if the client is still there, which is then owed an answer."""
        await asyncio.sleep(LEAVING_SECONDS)

    @property
    def metadata(self) -> Mapping[str, str]:
        """The request's metadata. What is binary by its name is left out; of a name that comes twice the last holds."""
        if self._metadata is None:
            self._metadata = {
                key: value if isinstance(value, str) else value.decode(NOT_UTF_8)
                for key, value in self.arrived
                if isinstance(value, str) or not key.endswith(BINARY)
            }
        return self._metadata

    def said(self, name: str, length: int) -> str:
        """What the client says under this name, as text to be stored and shown: without what cannot be seen."""
        return "".join(filter(str.isprintable, self.metadata.get(name, "")))[:length]

    @property
    def is_http(self) -> bool:
        """Whether the call came as HTTP/JSON, through Envoy's transcoder."""
        return "x-envoy-original-method" in self.metadata

    @property
    def request_id(self) -> str:
        """Envoy's or the client's `x-request-id` if it is a plain one, otherwise made here."""
        if not self._request_id:
            given = self.metadata.get("x-request-id", "")
            self._request_id = given if is_plain(given) else secrets.token_hex(16)
        return self._request_id

    @property
    def address(self) -> str:
        """The client's address: what a trusted proxy appended to x-forwarded-for, otherwise the peer's own."""
        peer = peer_address(self.context.peer())
        if peer and peer not in self.proxies:
            return peer
        return self.metadata.get("x-forwarded-for", "").rpartition(",")[2].strip()[:45] or peer


def is_plain(request_id: str) -> bool:
    return 0 < len(request_id) <= 64 and request_id.isascii() and request_id.replace("-", "").isalnum()


def peer_address(peer: str) -> str:
    """`ipv4:127.0.0.1:5000`, `ipv6:%5B::1%5D:5000` as the address alone; empty for a Unix socket."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return ""
    return rest.rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]")


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """What is counted as one client: an IPv4 address, an IPv6 network of 64 bits, of which a client has all addresses."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return address
    return str(ip.ipv4_mapped or IPv6Network((int(ip) >> 64 << 64, 64)))
