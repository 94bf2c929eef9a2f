"""Says in one line why a server cannot be reached, and which. gRPC says it in its own words, and does not always name it."""

from __future__ import annotations

import re

import grpc

from gazette_client.errors import GazetteError, typed

NOT_CONNECTED = re.compile(
    r"connections to all backends failing|failed to connect to all addresses|errors resolving|DNS resolution failed"
)
"""How gRPC begins when there is no connection to send a call on."""

REASONS: tuple[tuple[str, str], ...] = (
    (r"CERTIFICATE_VERIFY_FAILED: ([\w -]+)", "its certificate is not trusted ({0})"),
    (r"Hostname Verification Check failed", "its certificate is of another name"),
    (r"WRONG_VERSION_NUMBER", "it does not speak TLS, or is another server"),
    (r"http1\.x server", "an HTTP/1 server answers there: this is not the gRPC port"),
    (r"Connection refused", "connection refused"),
    (r"Misformatted domain name", "this is no HOST:PORT"),
    (r"errors resolving|DNS resolution failed|Domain name not found", "there is no such host"),
    (r"No such file or directory", "there is no such socket"),
    (
        r"Socket closed|Connection reset",
        "it closes the connection, as a server that wants TLS does",
    ),
    (r"[Tt]imed? ?out|FD Shutdown", "it does not answer"),
    (r"unreachable|No route to host", "there is no way to it"),
)
"""What stands for what in gRPC's words; the first that is found counts."""


def outward(error: GazetteError, target: str) -> GazetteError:
    """The failure as the caller shall see it: without the way that it took through the client and gRPC."""
    said = error.details() or ""
    if error.code() is grpc.StatusCode.UNAVAILABLE and not error.reason and NOT_CONNECTED.match(said):
        told = f"{target} cannot be reached: {why(said)}."
        return typed(grpc.aio.AioRpcError(error.code(), error.initial_metadata(), error.trailing_metadata(), told, said))
    return error.with_traceback(None)


def why(said: str) -> str:
    for pattern, reason in REASONS:
        if found := re.search(pattern, said):
            return reason.format(*found.groups())
    return " ".join(said.rpartition("last error: ")[2].split())
