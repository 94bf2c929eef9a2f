"""What is refused while the service cannot do its work."""

from __future__ import annotations

from server.rpc.failures import Unavailable


class NotReady(Unavailable):
    """The process drains, or its database is away."""

    reason = "NOT_READY"
    message = "The service cannot do its work now."
