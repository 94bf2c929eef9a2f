"""What a request names in its `oneof into`: what is to become of what the public sees, at once or when it is due."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gazette.content.v1.schedule_pb2 import ScheduledTakingDown
from gazette.content.v1.taking_down_pb2 import DraftHandling, UnpublishDocumentRequest
from server.content.rendering import Renderer
from server.content.rendering.notices import Notice
from server.content.taking_down import rules
from server.content.taking_down.changing import Wanted
from server.content.transitions import REDIRECT, REMOVE, VANISHING, WITHDRAW
from server.rpc.call import Call

CHANGES = {"withdrawn": WITHDRAW, "gone": REMOVE, "redirect": REDIRECT, "vanish": VANISHING}


async def wanted(
    asked: UnpublishDocumentRequest | ScheduledTakingDown,
    draft: DraftHandling.ValueType,
    renderer: Renderer,
    hosts: Collection[str],
    call: Call | None = None,
    *,
    within: str = "",
) -> tuple[Wanted, list[Notice]]:
    """The change, and what of its explanation is not as it was written. `within` is what comes before the names of fields in
    refusals; `hosts`, outside of the site, those to which readers may be led. The call is given more time where it takes more.
    Raises InvalidLocation, LocationNotAllowed, and what `Renderer.explanation` does."""
    into = str(asked.WhichOneof("into"))
    message: Any = getattr(asked, into)
    said = {field.name: getattr(message, field.name) for field in message.DESCRIPTOR.fields}
    where = f"{within}{into}.location"
    if said.get("location"):
        rules.check_location(said["location"], hosts, where)
    html, notices = await renderer.explanation(said.get("explanation", ""), call)
    return Wanted(change=CHANGES[into], draft=draft, html_explanation=html, location_field=where, **said), notices
