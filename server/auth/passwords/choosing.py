"""Judging a password that somebody chooses, while the server goes on with everything else."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from server.auth.passwords import rules, strength
from server.background.processes import Processes, TooCostly

SECONDS = 3.0
"""Of CPU time. An honest password takes some milliseconds; one that is made for it takes as long as it may."""


@dataclass(frozen=True)
class NewPasswords:
    """Says which will do, in a process that can be ended."""

    processes: Processes
    site: str
    """The host under which people know the service."""

    @classmethod
    def at(cls, processes: Processes, public_url: str) -> NewPasswords:
        return cls(processes, urlsplit(public_url).hostname or "")

    async def check(self, password: str, *own: str, field: str = "password") -> None:
        """Raises WeakPassword, which names the field; ResourceExhausted where too many are being judged, and Unavailable."""
        rules.check_form(password, *own, field=field)
        known = rules.known_words(self.site, *own)
        try:
            weakness = await self.processes.run(strength.weakness, rules.normal(password), known, seconds=SECONDS)
        except TooCostly:
            weakness = "can be read in too many ways to be judged"
        rules.refuse_weak(weakness, field)
