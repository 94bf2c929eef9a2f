"""How a call goes, from its first attempt to its answer: signing in, deadline, idempotency key, retries.

Written once, as a generator that says what to do next and is told how it went. `calls` and `async_calls` do it, for threads
and for asyncio.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import grpc

from gazette_client.errors import GazetteError, NotFound, Unauthenticated, failure
from gazette_client.methods import Method
from gazette_client.publications import HEADER, NOT_REACHED, Publications
from gazette_client.retries import Retry
from gazette_client.session import Session

log = logging.getLogger("gazette_client")

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """Make the call, and say what it answered."""

    metadata: Metadata
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Authorise:
    """Get an access token, another than the refused one, and say what it is."""

    refused: str
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Let some seconds pass."""

    seconds: float


Conversation = Generator[Attempt | Authorise | Wait, Any, Any]


class Deadline:
    """When a call must have ended, however many attempts it takes."""

    def __init__(self, seconds: float | None) -> None:
        self.end = None if seconds is None else time.monotonic() + seconds

    def remaining(self) -> float | None:
        """Seconds; None stands for no deadline."""
        return None if self.end is None else max(0.0, self.end - time.monotonic())

    def allows(self, seconds: float) -> bool:
        remaining = self.remaining()
        return remaining is None or seconds < remaining


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a client's calls go."""

    session: Session
    retry: Retry
    timeout: float
    publications: Publications = field(default_factory=Publications)

    def converse(
        self, method: Method, timeout: float | None, given: Iterable[tuple[str, str | bytes]] | None, *, can_repeat: bool = True
    ) -> Conversation:
        """One call. A stream from the client that cannot be had twice cannot be repeated."""
        deadline = Deadline(self.timeout if timeout is None and not method.is_stream else timeout)
        metadata = keyed(method, tuple(given or ()))
        minimum = self.publications.record_number if method.takes_minimum and not has(metadata, HEADER) else 0
        signs = self.session.can_sign_in and not method.starts_session and not has(metadata, "authorization")
        token = self.session.token() if signs else ""
        if signs and not token and not method.is_public:
            token = yield Authorise("", deadline.remaining())
        attempt = 0
        while True:
            attempt += 1
            try:
                return (yield Attempt(no_older(bearing(metadata, token), minimum), deadline.remaining()))
            except GazetteError as error:
                refusal = error
                self.publications.learn_of_failure(error)
                if minimum and error.reason == NOT_REACHED:  # the caller has not asked for it
                    self.publications.forget(minimum)
                    minimum = 0
                    continue
                if signs and can_repeat and asks_for_token(error, token):
                    signs = False  # once: what is refused with a new token stays refused
                    step: Authorise | Wait = Authorise(token, deadline.remaining())
                else:
                    pause = self.retry.pause(error, attempt) if can_repeat and (method.is_safe or method.takes_key) else None
                    if pause is None or not deadline.allows(pause):
                        raise
                    log.debug("%s: %s; attempt %d in %.1f s", method.path, error.code().name, attempt + 1, pause)
                    step = Wait(pause)
            try:
                token = (yield step) or token
            except GazetteError as failed:
                if refusal.metadata:
                    raise refusal from failed  # it says what the call had done, which is more than that nobody is signed in
                raise

    def learn(self, given: Iterable[tuple[str, str | bytes]] | None, request: Any, answer: Any) -> None:
        """What a call was answered may say what was published; and how its account signs in next, unless it was made with
        somebody else's token."""
        self.publications.learn(answer)
        if not self.session.api_key and not has(tuple(given or ()), "authorization"):
            self.session.learn(request, answer)


def asks_for_token(error: GazetteError, token: str) -> bool:
    """Whether signing in could help. A public method answers NOT_FOUND to strangers for what only some may know of."""
    return isinstance(error, Unauthenticated) or (not token and isinstance(error, NotFound))


def keyed(method: Method, metadata: Metadata) -> Metadata:
    """With an idempotency key, where the method takes one and the caller gave none: the same for all attempts of one call."""
    if not method.takes_key or has(metadata, "idempotency-key"):
        return metadata
    return (*metadata, ("idempotency-key", str(uuid.uuid4())))


def bearing(metadata: Metadata, token: str) -> Metadata:
    return (*metadata, ("authorization", f"Bearer {token}")) if token else metadata


def no_older(metadata: Metadata, record_number: int) -> Metadata:
    """Asks for what is as new as this entry of the record."""
    return (*metadata, (HEADER, str(record_number))) if record_number else metadata


def has(metadata: Metadata, name: str) -> bool:
    return any(key.lower() == name for key, _ in metadata)


def too_late() -> GazetteError:
    return failure(grpc.StatusCode.DEADLINE_EXCEEDED, "SIGN_IN_TIMEOUT", "The deadline passed while signing in.")
