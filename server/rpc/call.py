"""The call that is being answered: its method, metadata, caller and address. Interceptors and handlers find it here."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any

import grpc

from server.rpc.caller import ANONYMOUS, Caller
from server.rpc.failures import Failure
from server.rpc.methods import Method

Handler = Callable[[Any, "Call"], Awaitable[Any]]
"""What answers a call. The request is the message, or an async iterator of them; the answer of a unary method is a message or
its bytes, a streaming method writes its answers to the context itself."""

Interceptor = Callable[[Method, Handler], Handler]
"""Wraps a method's handler, once, when the server starts."""


class Call:
    """One call. What costs time is found out when it is asked for."""

    __slots__ = ("_metadata", "_request_id", "caller", "context", "headers", "method", "proxies", "refusal", "start")

    def __init__(self, method: Method, context: grpc.aio.ServicerContext[Any, Any], proxies: frozenset[str]) -> None:
        self.method = method
        self.context = context
        self.proxies = proxies
        self.start = time.perf_counter()
        self.caller: Caller = ANONYMOUS
        self.refusal: Failure | None = None
        """Why the caller is not known, though a credential came."""
        self.headers: tuple[tuple[str, str], ...] = ()
        """Initial metadata, which leaves with the answer or the refusal. A handler adds to it last, when nothing can fail."""
        self._metadata: Mapping[str, str] | None = None
        self._request_id = ""

    @property
    def seconds(self) -> float:
        """For how long it has been answered."""
        return time.perf_counter() - self.start

    def tell_headers(self) -> None:
        """Lets what was collected leave with the one answer of an HTTP call, as its status' message: that is the only part of a
        good answer's trailers which Envoy's transcoder makes a header, and rest.lua takes it apart. For the hot path alone:
        initial metadata would be a message of its own, which costs a third of a read from memory (docs/decisions/0021)."""
        headers, self.headers = self.headers, ()
        self.context.set_details("".join(f"{name}: {value}\n" for name, value in headers))

    async def send_headers(self) -> None:
        """Sends what was collected, as it can be once."""
        headers, self.headers = self.headers, ()
        await self.context.send_initial_metadata(headers)

    @property
    def metadata(self) -> Mapping[str, str]:
        """The request's metadata. Binary values are left out; of a name that comes twice the last holds."""
        if self._metadata is None:
            pairs = self.context.invocation_metadata() or ()
            self._metadata = {key: value for key, value in pairs if isinstance(value, str)}
        return self._metadata

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
