"""What a line of the log may be: no longer than a bound, and never about a client that has merely left or sent nonsense."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import structlog

MAX_LINE = 16 * 1024
MAX_TEXT = MAX_LINE // 2
"""How much of a text is kept, before JSON escapes it: a traceback with its causes, mostly."""
SHORTER = (2048, 256, 32)
"""How much is kept of each text of a line that is too long all the same: JSON writes a control character as six."""

render = structlog.processors.JSONRenderer()


def bounded(logger: Any, name: str, event: Mapping[str, Any]) -> str:
    """The event as JSON, in one line of at most MAX_LINE bytes."""
    line = rendered(event)
    for length in SHORTER:
        if len(line) <= MAX_LINE:  # it is ASCII
            return line
        line = rendered({key: shortened(value, length) for key, value in event.items()})
    return line if len(line) <= MAX_LINE else rendered({"event": cut(str(event.get("event")), SHORTER[0])})


def rendered(event: Mapping[str, Any]) -> str:
    return str(render(None, "", dict(event)))


def shortened(value: Any, length: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return cut(value if isinstance(value, str) else rendered({"": value}), length)


def cut(text: str, length: int) -> str:
    """The beginning and the end: a traceback says last what went wrong."""
    if len(text) <= length:
        return text
    return f"{text[: length // 2]} … {text[len(text) - length // 2 :]}"


def concerns_operators(record: logging.LogRecord) -> bool:
    """The filter of what libraries log. A client that leaves while it is being sent something is told of by grpc as an error,
    by asyncio once more if nobody waited, and in our own log as a call that was CANCELLED: that is enough. So is metadata that
    is no text, which harms nothing."""
    if record.msg.startswith("Invalid encoding on") if isinstance(record.msg, str) else False:
        return False
    error = record.exc_info[0] if record.exc_info else None
    return error is None or error.__name__ != "ExecuteBatchError"


def quieten() -> None:
    for name in ("grpc._cython.cygrpc", "asyncio"):
        logging.getLogger(name).addFilter(concerns_operators)
