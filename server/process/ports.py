"""Where the server listens: the port that all workers share, and a Unix socket for each."""

from __future__ import annotations

from pathlib import Path

import grpc

from server.process import tls
from server.rpc.answers import MOST
from server.settings import CannotStart, Settings
from server.settings.here import authority

MIB = 1024 * 1024
ANY_NUMBER = 2**31 - 1


class PortTaken(CannotStart):
    """The message names the address and the variable that changes it."""


def channel_options(settings: Settings) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 1 if settings.grpc_port else 0),
        # Beyond what we take, so that it is we who refuse; what is larger still gRPC refuses by its length, before it comes,
        # in its own words: RESOURCE_EXHAUSTED, without details.
        ("grpc.max_receive_message_length", MOST + MIB // 4),
        ("grpc.max_send_message_length", -1),  # the registry sends no more than MOST
        ("grpc.max_concurrent_streams", 100),
        ("grpc.server.max_pending_requests", ANY_NUMBER),  # beyond, the core would say CANCELLED; we say when to come back
        ("grpc.server.max_pending_requests_hard_limit", ANY_NUMBER),
        ("grpc.http.overload_protection", 0),  # it resets most of a burst that a client would otherwise send in turn
        # A connection that is not used goes: without its first bytes, without a word on how to speak to it, without a call.
        # So does one whose peer does not even answer a ping.
        ("grpc.server_handshake_timeout_ms", 5_000),
        ("grpc.http2.settings_timeout", 10_000),
        ("grpc.max_connection_idle_ms", 30_000),
        ("grpc.http2.ping_timeout_ms", 10_000),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # What nothing else ends: a client that answers pings, and takes nothing of an answer. Streams have their hour.
        ("grpc.max_connection_age_ms", 30 * 60_000),
        ("grpc.max_connection_age_grace_ms", 61 * 60_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.max_metadata_size", 24 * 1024),  # more than rest.lua lets through, so that it is Envoy who refuses
    ]


def listen(server: grpc.aio.Server, settings: Settings, worker: int) -> int:
    """Binds the shared port, and the worker's own Unix socket. Raises PortTaken."""
    address = authority(settings.grpc_host, settings.grpc_port)
    try:
        credentials = tls.credentials(settings)
        port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    except RuntimeError as error:
        raise PortTaken(f"cannot listen on {address}: it is taken or not allowed; set GRPC_PORT or GRPC_HOST") from error
    if settings.socket_dir is not None:
        path = socket_path(settings.socket_dir, worker)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)  # a worker that was killed leaves its own behind
            server.add_insecure_port(f"unix:{path}")
        except (OSError, RuntimeError) as error:
            raise PortTaken(f"cannot listen on {path}; let the server write to SOCKET_DIR, or set another folder") from error
    return port


def socket_path(directory: Path, worker: int) -> Path:
    return directory.resolve() / f"worker-{worker}.sock"
