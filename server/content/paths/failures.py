"""Why two documents cannot change places."""

from __future__ import annotations

from server.content.failures import DraftInProgress, live_state_name, state_name
from server.rpc.failures import FailedPrecondition, InvalidArgument, Violation


class OneDocument(InvalidArgument):
    """It has its path already."""

    def __init__(self) -> None:
        super().__init__(Violation("other_id", "names the document itself"))


class LocalesDiffer(FailedPrecondition):
    """Each locale has paths of its own: nothing is in the way of either."""

    reason = "LOCALES_DIFFER"

    def __init__(self, locale: str, other: str) -> None:
        told = f"The documents are in {locale} and in {other}; each can have the other's path as it is."
        super().__init__(told, locale=locale, other_locale=other)


class NotSwappable(FailedPrecondition):
    """One of them would leave something at its path, or take away what the public sees at the other's."""

    reason = "WRONG_LIVE_STATE"

    def __init__(self, state: int, other: int) -> None:
        one, two = live_state_name(state), live_state_name(other)
        told = (
            f"The documents are {one} and {two}; this needs two that are PUBLISHED or WITHDRAWN, or two that were never public."
        )
        super().__init__(told, live_state=one, other_live_state=two)


class DraftOfAPage(DraftInProgress):
    """The swap would publish it."""

    def __init__(self, path: str, state: int) -> None:
        name = state_name(state)
        super().__init__(f"The document at {path} has a draft ({name}). Publish or discard it first.", state=name, path=path)
