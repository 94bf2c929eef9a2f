"""The time, where auth asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MAX_SKEW = timedelta(minutes=1)
"""How far the clocks of our machines may be apart."""


def utc_now() -> datetime:
    return datetime.now(UTC)
