"""Frames of HTTP/2 that are malformed, by the thousand."""

from __future__ import annotations

import random
from pathlib import Path

import httpx
import psutil
import pytest

from bench.http2 import END_HEADERS, frame
from devstack.home import Home
from tests.edge import Edge
from tests.frames import connected, grpc_headers
from tests.installation_log import no_error_logged
from tests.polling import wait_until

PAGE = "/v1/pages/guidance/moor-a-boat"
CONNECTIONS, FRAMES = 200, 50
SEED = 7
MIB = 1024 * 1024
LEVEL = 24 * MIB
"""What a process may have more than before: less than the ten thousand frames would be worth if they were kept."""


def processes(edge: Edge) -> list[psutil.Process]:
    """The workers and Envoy."""
    children = psutil.Process(edge.process.pid).children(recursive=True)
    return [child for child in children if "process" in child.cmdline() or "envoy" in Path(child.exe()).name]


def malformed(chance: random.Random) -> bytes:
    """A frame of any kind, flags, stream and length, mostly not as long as it says; or headers that are no HPACK."""
    payload = chance.randbytes(chance.randrange(64))
    match chance.randrange(4):
        case 0:
            return frame(1, END_HEADERS, chance.randrange(1, 99, 2), payload)
        case 1:
            return chance.randbytes(9) + payload
        case _:
            return frame(chance.randrange(12), chance.randrange(256), chance.randrange(2**31), payload)


def attack(place: str, chance: random.Random) -> None:
    """A connection that begins as it should, with a call under way, and goes on with malformed frames until it is closed."""
    with connected(place) as client:
        client.call(grpc_headers("/gazette.system.v1.SystemService/GetHealth"), ends=False)
        try:
            for _ in range(FRAMES):
                client.send(malformed(chance))
        except ConnectionError:
            return
        client.vanish()


@pytest.mark.parametrize("port", ["grpc", "http"])
def test_malformed_frames(edge: Edge, port: str) -> None:
    """Ten thousand malformed frames at each port end no process, are no error of the server's, and leave memory and descriptors
    level (D2)."""
    chance = random.Random(SEED)
    place = str(getattr(edge, port))
    attack(place, chance)  # what is loaded or kept for the first of all is no leak
    before = {each: (each.memory_info().rss, each.num_fds()) for each in processes(edge)}
    assert len(before) == 3
    with no_error_logged(edge):
        for _ in range(CONNECTIONS):
            attack(place, chance)
        assert httpx.get(edge.http + PAGE, timeout=30).status_code == httpx.codes.OK
    assert set(processes(edge)) == set(before)
    for each, (memory, descriptors) in before.items():
        wait_until(lambda each=each, most=descriptors: each.num_fds() <= most + 4)  # type: ignore[misc]
        assert each.memory_info().rss - memory < LEVEL
    assert len(list(Home.at(edge.home).sockets.glob("worker-*.sock"))) == 2
