"""What is refused about organisations and their parts of the site."""

from __future__ import annotations

from server.rpc.failures import AlreadyExists, FailedPrecondition, NotFound


class SlugTaken(AlreadyExists):
    """A slug names one organisation for good."""

    reason = "SLUG_TAKEN"
    message = "There is an organisation with this slug."


class OrganisationNotFound(NotFound):
    """None has this id or slug."""

    reason = "ORGANISATION_NOT_FOUND"
    message = "There is no such organisation."


class PrefixTaken(AlreadyExists):
    """A prefix is one organisation's."""

    reason = "PREFIX_TAKEN"
    message = "This part of the site is reserved for another organisation."


class PathInUse(FailedPrecondition):
    """A prefix would cover what another organisation has there."""

    reason = "PATH_IN_USE"

    def __init__(self, prefix: str) -> None:
        super().__init__(
            f"Another organisation's prefix would cover documents, redirects or tombstones at /{prefix}; move them first.",
            prefix=prefix,
        )


class TooManyPrefixes(FailedPrecondition):
    """An organisation is shown with all that it has, and no answer could show more."""

    reason = "TOO_MANY_PREFIXES"

    def __init__(self, limit: int) -> None:
        super().__init__(f"An organisation has at most {limit} path prefixes.", limit=str(limit))


class PathNotReserved(NotFound):
    """The organisation has no such prefix."""

    reason = "PATH_NOT_RESERVED"
    message = "The organisation has no such path prefix."
