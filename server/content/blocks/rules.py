"""What blocks may hold: pure."""

from __future__ import annotations

from typing import Any

from server.content.blocks.failures import BlockInBlock
from server.content.references.written import named


def check_nesting(content_type: Any, html: str) -> None:
    """Raises BlockInBlock for a rendered body that shows blocks, and is to be one: so none can hold itself."""
    if content_type.is_block and named(html).blocks:
        raise BlockInBlock
