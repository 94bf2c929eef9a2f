"""The other side of `processes`: one piece of work after another, until the process is ended or its parent is gone."""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import signal
import sys
from contextlib import suppress
from typing import Any, BinaryIO

OUT_OF_MEMORY = 75
"""The exit code of a process that has come to its bound, and is in no state to go on."""
LENGTH = 8
"""Bytes of the length before each message."""


def main() -> None:
    """Takes its niceness, the bytes of address space that it may have (the interpreter's own included), and modules that are
    imported before it stands back, from the command line."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _, niceness, memory, *modules = sys.argv
    for name in modules:
        importlib.import_module(name)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    os.nice(int(niceness))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the parent's to answer
    with suppress(BrokenPipeError):
        while (request := received(incoming)) is not None:
            send(outgoing, answer(request))


def received(incoming: BinaryIO) -> bytes | None:
    length = incoming.read(LENGTH)
    return incoming.read(int.from_bytes(length)) if length else None


def send(outgoing: BinaryIO, message: bytes) -> None:
    outgoing.write(len(message).to_bytes(LENGTH))
    outgoing.write(message)
    outgoing.flush()


def answer(request: bytes) -> bytes:
    """Whether it went well, and what was returned or raised. The kernel ends a process whose time is up, whatever it is doing:
    SIGPROF has no handler."""
    try:
        function, arguments, seconds = pickle.loads(request)  # noqa: S301  from the parent  # nosec B301
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            result: tuple[bool, Any] = True, function(*arguments)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  the parent raises it
            result = False, error
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        return pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main()
