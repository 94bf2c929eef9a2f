"""When a call that failed is worth another attempt, and how long to wait for it."""

from __future__ import annotations

import random
from dataclasses import dataclass

import grpc

from gazette_client.errors import GazetteError, ResourceExhausted, Unavailable

uniform = random.SystemRandom().uniform

CUT_OFF = "CANCELLED"
"""All that a stopping gRPC server says of a call that reaches it too late. What was cancelled on this side says so."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential backoff with jitter, for calls that are safe to repeat. All attempts share the call's deadline."""

    attempts: int = 5
    """How many in all; 1 for no retries."""
    first_pause: float = 0.2
    """Seconds before the second attempt; doubled before each further one. Half of each pause is left to chance, so that
    clients that failed together do not come back together."""
    longest_pause: float = 5.0
    """Where the doubling ends, in seconds."""

    def pause(self, error: GazetteError, attempt: int) -> float | None:
        """Seconds to wait after the given attempt (from 1), never less than the server asks; None when no other is worth it."""
        if attempt >= self.attempts or not is_passing(error):
            return None
        return (error.retry_after or 0.0) + self.pause_before(attempt + 1)

    def pause_before(self, attempt: int) -> float:
        """Seconds before the given attempt (from 2)."""
        pause = min(self.longest_pause, self.first_pause * 2 ** (attempt - 2))
        return uniform(pause / 2, pause)


def is_passing(error: GazetteError) -> bool:
    """Whether the same call may well succeed in a moment."""
    return (
        isinstance(error, Unavailable)
        or (isinstance(error, ResourceExhausted) and error.retry_after is not None)
        or (error.code() is grpc.StatusCode.CANCELLED and error.details() == CUT_OFF)
    )
