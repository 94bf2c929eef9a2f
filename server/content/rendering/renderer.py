"""The way to a rendering: here and now where it is bound to be cheap, and in a process that is ended where it might not be."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from gazette.content.v1.document_pb2 import BodyFormat
from server.background.processes import Processes, TooCostly
from server.content import failures
from server.content.references import finding, written
from server.content.references.finding import Found
from server.content.rendering import govspeak, verifying, work
from server.content.rendering.bounds import TooMuch
from server.content.rendering.notices import Notice, bounded
from server.rpc.call import Call
from server.rpc.objects import LargeObject, Object

VERSION = 3
"""Of what renders: one more whenever it would make something else of the same text."""
SECONDS = 2.5
"""Of CPU time for a body, and as much for details: a million characters of tables take less than one."""
ALLOWANCE = 8.0
"""Seconds beyond the deadline of calls, for what needs a process: on a busy machine it waits there for its turn."""
SHORT = 2_500
"""Characters of Markdown that take a few milliseconds at the worst if `is_cheap`."""
SMALL = 5_000
"""Bytes of details, and characters of an explanation, that take as long."""
MEMBERS = 20
"""Pointers to members that hold HTML, for which small details are walked through here."""

MULTIPLIES = re.compile(r"[<|]|\]:|(?:(?:[-+*>:]|\d{1,9}[.)])[ \t]*){9}")
"""What can make much out of little: HTML (formatting that is never closed is opened anew in each paragraph), tables (short rows
are filled up), links by reference (each repeats its target), and blocks in blocks (sanitising takes time by the square). So can
Govspeak's marks, of which each becomes a box."""

Result = TypeVar("Result")


class Rendering(NamedTuple):
    """What the public gets of a revision; the columns of `revisions` that keep it."""

    html: str
    """The body as sanitised HTML."""
    html_details: Object | None
    """The details with the members that hold HTML sanitised; None if none does, and they are as they were given."""
    renderer: bytes
    """What made it. Another version, or other members that hold HTML, would make something else."""
    notices: list[Notice] | None = None
    """What of it is not as it was written; None if all is."""
    references: Sequence[Found] | None = None
    """What the revision refers to; None where nobody has looked."""


@dataclass(frozen=True)
class Renderer:
    """Renders what is saved. Whatever it refuses is refused then, in the terms of the request that saves it."""

    processes: Processes

    async def rendering(
        self,
        words: Mapping[str, Any],
        html_members: Sequence[str],
        known: Rendering | None = None,
        call: Call | None = None,
    ) -> Rendering:
        """Of what a revision says; the known one if it is what would come of it. Nobody should hold a connection meanwhile. The
        call is given more time where it takes more.

        Raises TooLarge, TooCostlyToRender; ResourceExhausted where too many wait, and Unavailable.
        """
        renderer = renderer_of(html_members)
        if known is not None and known.renderer == renderer:
            if known.references is not None:
                return known
            return known._replace(references=finding.found(words, known.html, in_details(words["details"], html_members)))
        body, body_format, details = words["body"], words["body_format"], words["details"]
        pickled = pickle.dumps(details, pickle.HIGHEST_PROTOCOL) if details else b""
        if call is not None and (len(pickled) > SMALL or not is_cheap(body, body_format)):
            call.allowance = ALLOWANCE
        html, notices = await self.body(body, body_format, details, len(pickled))
        html_details = None
        if details and html_members:
            html_details, more = await self.details(details, html_members, html, pickled)
            notices = bounded([*notices, *more])
        references = finding.found(words, html, pickled if html_members else b"")
        return Rendering(html, html_details, renderer, notices or None, references)

    async def body(self, body: str, body_format: int, details: Object, details_bytes: int) -> tuple[str, list[Notice]]:
        is_here = details_bytes <= SMALL and is_cheap(body, body_format)
        if not body and details_bytes <= SMALL:
            return "", []
        return await self.done(is_here, written.FIELD, work.body_html, body, body_format, details)

    async def details(
        self, details: Object, html_members: Sequence[str], html: str, pickled: bytes
    ) -> tuple[Object, list[Notice]]:
        is_small = len(pickled) <= SMALL and not isinstance(details, LargeObject)
        is_here = is_small and len(html_members) <= MEMBERS and b"<" not in pickled
        field = work.DETAILS + html_members[0].replace("/", ".") if len(html_members) == 1 else work.DETAILS
        return await self.done(is_here, field, work.details_html, details, html_members, len(html.encode()))

    async def explanation(self, html: str, call: Call | None = None) -> tuple[str, list[Notice]]:
        """Why something is withdrawn or gone, sanitised, and what of it is not as it was written. Raises as `rendering`."""
        is_here = len(html) <= SMALL and "<" not in html
        if call is not None and not is_here:
            call.allowance = ALLOWANCE
        return await self.done(is_here, "explanation", work.explanation_html, html) if html else ("", [])

    async def is_sanitised(self, texts: Sequence[str], details: Object, html_members: Sequence[str]) -> bool:
        """Whether sanitising what was rendered elsewhere changes nothing. Raises as `rendering`."""
        if not any(texts) and not (details and html_members):
            return True
        return await self.done(False, "record_entry", verifying.is_sanitised, texts, details, html_members)

    async def done(self, is_here: bool, field: str, function: Callable[..., Result], *arguments: Any) -> Result:
        try:
            if is_here:
                return function(*arguments)
            return await self.processes.run(function, *arguments, seconds=SECONDS)
        except TooMuch as error:
            raise failures.TooLarge(error.field, error.description) from None
        except TooCostly:
            raise failures.TooCostlyToRender(field, SECONDS) from None


def in_details(details: Object, html_members: Sequence[str]) -> bytes:
    """Details as `finding.found` looks at them."""
    return pickle.dumps(details, pickle.HIGHEST_PROTOCOL) if details and html_members else b""


def is_cheap(body: str, body_format: int) -> bool:
    """Whether rendering takes time by its length alone."""
    if body_format == BodyFormat.BODY_FORMAT_HTML or len(body) > SHORT:
        return False
    return MULTIPLIES.search(body) is None and govspeak.ANY.search(body) is None


def renderer_of(html_members: Sequence[str]) -> bytes:
    """Names what would be made of a text now."""
    return hashlib.sha256("\n".join([str(VERSION), *html_members]).encode()).digest()[:16]
