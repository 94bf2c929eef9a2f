"""Where the server listens: the port that all workers share, and a Unix socket for each."""

from __future__ import annotations

from pathlib import Path

import grpc

from server.process import tls
from server.settings import CannotStart, Settings, authority

MIB = 1024 * 1024


class PortTaken(CannotStart):
    """The message names the address and the variable that changes it."""


def channel_options(settings: Settings) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 1 if settings.grpc_port else 0),
        ("grpc.max_receive_message_length", 4 * MIB),
        ("grpc.max_send_message_length", 8 * MIB),
        ("grpc.max_concurrent_streams", 100),
        ("grpc.http.overload_protection", 0),  # it resets most of a burst that a client would otherwise send in turn
        ("grpc.server_handshake_timeout_ms", 5_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.max_metadata_size", 16 * 1024),
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
