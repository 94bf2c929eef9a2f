"""Lists whose answers come in parts, gone through as one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

from google.protobuf.message import Message

from gazette_client.services.signatures import fault

Request = TypeVar("Request", bound=Message)
Metadata: TypeAlias = Sequence[tuple[str, str | bytes]]

BY_TOKEN = ("page_token", "")


def asked(kind: type[Request], called: str, given: Mapping[str, Any]) -> Request:
    """The request for the first part. Raises TypeError, or ValueError, that names the keyword which is wrong."""
    known = {name: value for name, value in given.items() if value is not None}
    try:
        return kind(**known)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{called}: {fault(kind, known) or error}") from None


def walk(
    call: Callable[..., Any], request: Any, items: str, *, after: tuple[str, str] = BY_TOKEN, **options: Any
) -> Iterator[Any]:
    """All items. `after` names the request's field that says where to go on, and the item's field that it is taken from."""
    while True:
        answer = call(request, **options)
        yield from getattr(answer, items)
        if not go_on(request, answer, items, after):
            return


async def walk_async(
    call: Callable[..., Any], request: Any, items: str, *, after: tuple[str, str] = BY_TOKEN, **options: Any
) -> AsyncIterator[Any]:
    """The same for asyncio."""
    while True:
        answer = await call(request, **options)
        for item in getattr(answer, items):
            yield item
        if not go_on(request, answer, items, after):
            return


def go_on(request: Any, answer: Any, items: str, after: tuple[str, str]) -> bool:
    """Makes the request ask for the next part. False when there is none."""
    field, taken = after
    if after == BY_TOKEN:
        request.page_token = answer.next_page_token
        return bool(answer.next_page_token)
    found = getattr(answer, items)
    if found:
        setattr(request, field, attrgetter(taken)(found[-1]))
    return bool(found)
