"""Images by id in a body, as browsers get them: in several sizes, of which they choose one, with the room that they take, and
loaded when somebody comes near them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from server import files
from server.content.references.written import SHOWN_FILE
from server.stores.statements import Row

ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
SIZED = {"width", "height"}


def with_pictures(html: str, there: Mapping[uuid.UUID, Row], pictures: files.Pictures) -> str:
    """The body with each image of a file that is `there`. What its author says of it stays."""

    def drawn(match: re.Match[str]) -> str:
        file = there.get(uuid.UUID(match["id"]))
        return match[0] if file is None else picture(match["before"], match["after"].rstrip(), pictures.attributes(file))

    return SHOWN_FILE.sub(drawn, html)


def picture(before: str, after: str, attributes: Mapping[str, str]) -> str:
    said = dict(ATTRIBUTE.findall(before + after))
    own = dict(attributes)
    source = own.pop("src")
    if not SIZED.isdisjoint(said):  # the other one would stretch it
        own = {name: value for name, value in own.items() if name not in SIZED}
        if "sizes" in own and said.get("width", "").isdecimal():
            own["sizes"] = files.sizes(int(said["width"]))
    more = "".join(f' {name}="{value}"' for name, value in own.items() if name not in said)
    return f'<img {before}src="{source}"{after}{more}>'
