"""How refreshes are done, and what becomes of those that cannot be: pure."""

from __future__ import annotations

from datetime import timedelta

BATCH = 20
"""Pages that are put on the record together. So long whoever publishes something waits at most: some milliseconds for each."""
MOST_BYTES = 4 << 20
"""Of answers that are looked at together, but for one that is larger by itself."""
TARGETS, BACKLOG = 20, 50
LEASE = timedelta(seconds=10)
"""For so long no other process is given what one has taken; longer with each attempt that did not end."""
LONGEST_PAUSE = 0.25
"""Seconds between two batches, of which each is followed by a pause as long as it took."""
PAUSE = timedelta(seconds=1)
"""Before another attempt, where a store was away."""
ATTEMPTS = 5
FAILED_AGAIN = timedelta(minutes=10)
"""After which what has failed is tried again: what it needs may be there by then."""
