"""How a connection to Gazette is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

MIB = 1024 * 1024

BALANCED = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})
"""Spreads calls over all addresses of a name (`dns:///gazette.example.gov:443`); by default gRPC stays with the first."""

OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.service_config", BALANCED),
    ("grpc.keepalive_time_ms", 360_000),  # the server answers pings under five minutes with GOAWAY
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.initial_reconnect_backoff_ms", 200),  # by default 1,000: longer than most retries wait
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.max_receive_message_length", 16 * MIB),  # by default 4 MiB; lists of older servers have more
)


def options(given: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Ours, where the caller gave no other."""
    names = {name for name, _ in given}
    return [*(option for option in OPTIONS if option[0] not in names), *given]
