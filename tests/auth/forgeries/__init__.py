"""Tokens that nobody may be taken for, by what is wrong with each (T1 to T3)."""

from __future__ import annotations

from tests.auth.forgeries import claims, headers, keys, signatures
from tests.auth.forging import Forge

CLASSES = (
    headers.algorithms,
    headers.members,
    headers.types,
    keys.confusions,
    keys.names,
    claims.values,
    claims.times,
    claims.payloads,
    signatures.changed,
    signatures.shapes,
)


def forgeries(forge: Forge) -> dict[str, str]:
    """All of them, by name. Each is as good as it can be but for what its name says."""
    found: dict[str, str] = {}
    for each in CLASSES:
        more = each(forge)
        assert not found.keys() & more.keys()
        found |= more
    return found
