"""For how long a batch goes on. Pure."""

from __future__ import annotations

from typing import Any

from server.rpc.call import Call

LEAST_SECONDS = 1.0
"""With less than this left nothing more is begun."""
MARGIN = 0.5
"""Seconds that are kept for the answer."""


def seconds_left(seconds: float, call: Call) -> float:
    """For the parts of a call that may take so long, unless its client has less patience."""
    theirs: Any = call.context.time_remaining()  # None without a deadline, whatever its type says
    ours = seconds - call.seconds
    return (ours if theirs is None else min(ours, theirs)) - MARGIN
