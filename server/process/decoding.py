"""Makes grpc.aio take a call whose path or metadata is no UTF-8.

grpc.aio decodes the path of each call strictly, in the loop that accepts calls: one byte that is no text ends that loop and,
with it, the server, for good and for everyone. It decodes metadata strictly too, and logs a traceback for each value that is no
text. None of that can be configured or overridden: it is compiled, and calls Python's decoder directly. So the decoder's own
handler of errors, "strict", is replaced by one that puts U+FFFD where grpc's compiled coroutines decode, and is strict for
everybody else. The path is then one that nobody serves, and the value one that nobody knows.
"""

from __future__ import annotations

import asyncio.events
import codecs
import sys

RUN = asyncio.events.Handle._run.__code__
"""Where the event loop runs a callback. Python code that decodes has a frame of its own above this one; a compiled coroutine
has none, so that what decodes seems to be the loop itself."""


def strict_for_python(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError) and sys._getframe(1).f_code is RUN:
        return "\N{REPLACEMENT CHARACTER}", error.end
    raise error


def tolerate() -> None:
    """Installs the handler, for the whole process."""
    codecs.register_error("strict", strict_for_python)
