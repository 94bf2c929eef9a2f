"""What would happen if nothing made grpc.aio tolerant, and that whoever stops accepting calls says so."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server import app as application
from server.process import decoding
from tests.frames import connected, grpc_headers
from tests.polling import until_so
from tests.servers import Servers
from tests.service import Service, running


def send_a_path_that_is_no_text(address: str) -> int | None:
    with connected(address) as client:
        return client.answer(client.call(grpc_headers(b"/caf\xe9"))).code


class NoAcceptance:
    """Lets grpc.aio take all calls in by itself: what it has asked for of registered methods would be freed with its loop, and
    used afterwards."""

    def __init__(self, *_: Any) -> None:
        pass

    def start(self) -> None:
        pass


@pytest.fixture
async def plain(servers: Servers, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    monkeypatch.setattr(application, "Acceptance", NoAcceptance)
    async with running(servers, template, tmp_path) as service:
        yield service


async def test_a_server_that_accepts_no_more(plain: Service) -> None:
    """A worker whose server has come to its end by itself finds out, and ends: its supervisor starts another."""
    app = plain.app
    assert await asyncio.to_thread(send_a_path_that_is_no_text, plain.address) == 12
    await app.check()
    codecs.register_error("strict", codecs.strict_errors)
    try:
        await asyncio.to_thread(send_a_path_that_is_no_text, plain.address)
        ended: list[BaseException] = []

        async def look() -> None:
            while not ended:
                try:
                    await app.check()
                except UnicodeDecodeError as error:
                    ended.append(error)
                await asyncio.sleep(0)

        looking = asyncio.create_task(look())
        await until_so(lambda: ended)
        await looking
    finally:
        decoding.tolerate()
    with pytest.raises(UnicodeDecodeError):
        await app.check()
