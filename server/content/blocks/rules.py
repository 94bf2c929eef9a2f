"""What blocks may hold: pure."""

from __future__ import annotations

from server.content.blocks.failures import BlockInBlock
from server.content.references.written import named
from server.stores.statements import Row


def check_nesting(content_type: Row, html: str) -> None:
    """Raises BlockInBlock for a rendered body that shows blocks, and is to be one: so none can hold itself."""
    if content_type.is_block and named(html).blocks:
        raise BlockInBlock
