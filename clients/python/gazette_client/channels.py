"""How a connection to Gazette is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gazette_client.version import VERSION

MIB = 1024 * 1024

BALANCED = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})
"""Spreads calls over all addresses of a name (`dns:///gazette.example.gov:443`); by default gRPC stays with the first."""

USER_AGENT = f"gazette-client-python/{VERSION}"
"""What the server knows the client by: in its log, and in the list of sessions."""

OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.primary_user_agent", USER_AGENT),
    ("grpc.service_config", BALANCED),
    ("grpc.keepalive_time_ms", 360_000),  # the server answers pings under five minutes with GOAWAY
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.initial_reconnect_backoff_ms", 200),  # by default 1,000: longer than most retries wait
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.max_receive_message_length", 16 * MIB),  # by default 4 MiB; lists of older servers have more
)


@dataclass(slots=True)
class Connection:
    """What a client's methods know of where they lead."""

    target: str
    is_closed: bool = False

    def check(self) -> None:
        """Raises ValueError. gRPC does not always: the first call of a method on a closed channel crashes it."""
        if self.is_closed:
            raise ValueError(f"the client of {self.target} is closed")


def options(given: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Ours, where the caller gave no other."""
    names = {name for name, _ in given}
    return [*(option for option in OPTIONS if option[0] not in names), *given]


def address(target: str) -> str:
    """The target, unless it is none. Raises ValueError."""
    scheme, has_scheme, rest = target.partition("://")
    if has_scheme and scheme in {"http", "https"}:
        raise ValueError(f"target is a gRPC name such as HOST:PORT, not a URL: {target!r}; write {rest.partition('/')[0]!r}")
    if not target.strip():
        raise ValueError("target is empty; it is the server's HOST:PORT")
    return target
