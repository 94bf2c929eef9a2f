"""How often, and how far apart, a mail is tried."""

from __future__ import annotations

from datetime import timedelta

LEASE = timedelta(minutes=1)
"""For how long a mail belongs to the process that took it; far more than an attempt lasts. After that, the process has died."""
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
"""Between one attempt and the next."""
ATTEMPTS = len(PAUSES) + 1
"""After so many a mail is given up, some 34 hours after the first."""


def pause(attempts: int) -> timedelta | None:
    """Until the next attempt, when so many have failed; None: there is none."""
    return PAUSES[attempts - 1] if attempts < ATTEMPTS else None
