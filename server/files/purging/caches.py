"""A CDN that forgets by name: `PURGE /` with the names in `Surrogate-Key`, as Varnish's xkey and Fastly take them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

SECONDS = 5.0
"""For each step: connecting, sending, the answer."""


class NotPurged(Exception):
    """The CDN was not reached, or did not take it. The message says why, for the log."""


class Cache:
    """The CDN at an address. It is asked from a thread: it is asked seldom."""

    def __init__(self, url: str) -> None:
        import urllib3  # noqa: PLC0415 - half a megabyte, which those without a CDN do not need

        self.url = f"{url.rstrip('/')}/"
        self.pool = urllib3.PoolManager(timeout=SECONDS, retries=False, maxsize=1)
        self.failures = urllib3.exceptions.HTTPError

    async def purge(self, names: Sequence[str]) -> None:
        """Makes it forget all that it keeps under these names. Raises NotPurged."""
        await asyncio.to_thread(self.ask, " ".join(names))

    def ask(self, names: str) -> None:
        try:
            answer = self.pool.request("PURGE", self.url, headers={"surrogate-key": names}, redirect=False)
        except self.failures as error:
            raise NotPurged(type(error).__name__) from error
        if not 200 <= answer.status < 300:
            raise NotPurged(f"it answered {answer.status}")
