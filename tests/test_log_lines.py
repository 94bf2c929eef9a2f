"""Lines of the log: how long they are, and what of the libraries' records is kept."""

from __future__ import annotations

import asyncio
import codecs
import json
import logging
import sys
from typing import Any

import pytest

from server.process import decoding, log_lines, telemetry


@pytest.mark.parametrize(
    "event",
    [
        {"event": "x" * 1_000_000},
        {"event": "failed", "exception": "\x00" * 100_000},
        {"event": "failed", "given": ["é" * 1000] * 1000, "level": "error"},
        {"event": "\U0001f600" * 9000, "a": "\x01" * 9000, "b": {"c": "\x02" * 9000}},
        {f"key{number}": "x" * 100 for number in range(5000)},
    ],
)
def test_a_line_has_a_bound(event: dict[str, Any]) -> None:
    """However much is to be logged, it is one line of JSON of at most 16 KiB (C8)."""
    line = log_lines.bounded(None, "", telemetry.redact(None, "", dict(event)))
    assert len(line.encode()) <= log_lines.MAX_LINE
    assert len(line.splitlines()) == 1
    assert "event" in json.loads(line)


def test_a_traceback_keeps_its_end() -> None:
    """Of what is too long the beginning and the end are kept, where an exception says what it is."""
    event = telemetry.redact(None, "", {"event": "failed", "exception": "first" + "x" * 100_000 + "last"})
    kept = json.loads(log_lines.bounded(None, "", event))["exception"]
    assert kept.startswith("first")
    assert kept.endswith("last")


def test_short_lines_are_whole() -> None:
    """What is not too long is logged as it is."""
    event = {"event": "call", "seconds": 0.1, "code": "OK", "message": None}
    assert json.loads(log_lines.bounded(None, "", event)) == event


class ExecuteBatchError(Exception):
    """Is called as grpc's own, which no test can raise at will."""


@pytest.mark.parametrize("name", ["asyncio", "grpc._cython.cygrpc"])
def test_errors_of_clients_that_left(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """What grpc and asyncio say of a client that has left is dropped; other errors of theirs are not."""
    log_lines.quieten()
    logger = logging.getLogger(name)
    for error in (ExecuteBatchError(), RuntimeError("ours")):
        logger.error("raised in core", exc_info=error)
    logger.error("Invalid encoding on %s", b"caf\xe9")
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error]
    assert len(caplog.records) == 1


def test_python_decodes_as_strictly_as_ever() -> None:
    """Where grpc's compiled code decodes, bytes that are no text become U+FFFD; for Python code they are an error as before."""
    decoding.tolerate()
    with pytest.raises(UnicodeDecodeError):
        b"caf\xe9".decode()
    with pytest.raises(UnicodeEncodeError):
        "\udcff".encode()
    assert codecs.lookup_error("strict") is decoding.strict_for_python


async def test_what_the_loop_itself_decodes() -> None:
    """The handler is tolerant where no frame of Python code lies between it and the event loop, and only there."""
    decoding.tolerate()
    done = asyncio.get_running_loop().create_future()
    # A C function that decodes, called straight by the loop, as grpc's coroutines are.
    asyncio.get_running_loop().call_soon(str, b"caf\xe9", "utf-8")
    asyncio.get_running_loop().call_soon(done.set_result, sys.getrefcount(done))
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: done.set_exception(context["exception"]))
    assert await done
