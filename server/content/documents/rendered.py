"""What the public gets of a revision, as it was kept when that was saved, or as it is made now."""

from __future__ import annotations

from server.content.documents.premises import Premises
from server.content.failures import TooCostlyToRender, TooLarge, Unpublishable
from server.content.rendering import Renderer, Rendering
from server.rpc.call import Call
from server.stores.statements import Row


async def rendered(renderer: Renderer, premises: Premises, document: Row, content_type: Row, call: Call | None) -> Rendering:
    """What was kept, or what comes of it now if that was made by other rules. Raises Unpublishable."""
    kept = Rendering(document.html, document.html_details, document.renderer, references=())  # found when it was saved
    try:
        rendering = await renderer.rendering(document._asdict(), content_type.html_members, kept, call)
    except (TooLarge, TooCostlyToRender) as failure:
        raise Unpublishable(failure) from failure
    shown: Rendering = await premises.objects.shown(rendering, "html_details")
    return shown
