"""Why a page could not be rendered again, beside what keeps it from being published."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition


class Unfinished(FailedPrecondition):
    """Whoever tried it died of it, or met a defect."""

    reason = "REFRESH_UNFINISHED"
    message = "It was begun several times, and never came to an end. The log says more."
