"""The interceptor that turns bytes into messages that keep the contract's rules.

What is small is parsed and checked where it arrives. The caller chooses how large a message is, and what costs more than a few
milliseconds is judged in a process of its own first; what comes back from there has bounds, and parsing it costs little.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError, Message

from server.rpc.answers import MOST
from server.rpc.call import Call, Handler
from server.rpc.failures import InvalidArgument, RequestTooLarge
from server.rpc.methods import Method
from server.rpc.objects import FEW_VALUES, TooManyValues
from server.rpc.requests.judging import Judgement
from server.rpc.requests.settling import FEW_CHARACTERS, settle, texts
from server.rpc.requests.sizes import is_light, oversized
from server.rpc.requests.validation import found_in, is_good, short, warm

SHORT = 1_000
"""Bytes of a message whose violations are collected where it arrives: there may be as many as half of that."""
JUDGED_ONE_BY_ONE = frozenset({"/gazette.content.v1.ContentService/ImportDocuments"})
"""Client streams whose handler takes each message with what is wrong with it (`Part`): a bad one is refused, the rest of the
stream is not."""

Judge = Callable[[type[Message], bytes], Awaitable[Judgement]]
"""`judging.judge` in another process. Raises no TooCostly: that is a judgement, too."""


class MalformedMessage(InvalidArgument):
    """The bytes are not a message of the method's request type."""

    reason = "MALFORMED_MESSAGE"

    def __init__(self, kind: type[Message]) -> None:
        super().__init__(message=f"The bytes are not a {kind.DESCRIPTOR.full_name}.")


class Part(NamedTuple):
    """A message of a stream that is judged one by one."""

    request: Any
    failure: InvalidArgument | None
    """What is wrong with it. Lists and objects may be missing from it then."""


@dataclass(frozen=True)
class Parsing:
    """Parses and checks, here or by asking the judge."""

    judge: Judge

    def intercept(self, method: Method, handler: Handler) -> Handler:
        """The interceptor."""
        kind = method.request_type
        warm(kind)
        texts(kind.DESCRIPTOR)
        read = self.part if method.path in JUDGED_ONE_BY_ONE else self.good

        async def parse(request: bytes, call: Call) -> Any:
            return await handler(await self.good(kind, request), call)

        async def messages(requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
            async for raw in requests:
                if len(raw) > MOST:
                    raise RequestTooLarge(len(raw), MOST)
                yield await read(kind, raw)

        async def parse_stream(requests: AsyncIterator[bytes], call: Call) -> Any:
            return await handler(messages(requests), call)

        return parse_stream if method.client_streaming else parse

    async def good(self, kind: type[Message], raw: bytes) -> Any:
        """The message. Raises MalformedMessage and InvalidArgument."""
        request, failure = await self.part(kind, raw)
        if failure is not None:
            raise failure
        return request

    async def part(self, kind: type[Message], raw: bytes) -> Part:
        """The message, and what is wrong with it. Raises MalformedMessage."""
        if is_light(raw, kind.DESCRIPTOR):
            with suppress(TooManyValues):
                message = parsed(kind, raw)
                if violations := settle(message, FEW_CHARACTERS, FEW_VALUES) or oversized(message):
                    return Part(message, InvalidArgument(*short(violations)))
                is_known_good = is_good(message, FEW_VALUES)
                if is_known_good:
                    return Part(message, None)
                if is_known_good is False and len(raw) <= SHORT:
                    return Part(message, InvalidArgument(*found_in(message)))
        judgement = await self.judge(kind, raw)
        if not judgement.is_message:
            raise MalformedMessage(kind)
        return Part(parsed(kind, judgement.raw), InvalidArgument(*judgement.violations) if judgement.violations else None)


def parsed(kind: type[Message], raw: bytes) -> Message:
    """Raises MalformedMessage."""
    try:
        return kind.FromString(raw)
    except DecodeError:
        raise MalformedMessage(kind) from None
