"""What a file is, by its first bytes. Its name is only asked whether it agrees; what a client says of the type is not asked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

import puremagic

from server.files.failures import FileTypeNotAllowed
from server.files.uploads.rules import Fields
from server.rpc.failures import Violation

SNIFFED_BYTES = 8 * 1024
KNOWN_TYPES = frozenset(
    match.mime_type
    for match in (*puremagic.magic_header_array, *(match for each in puremagic.multi_part_dict.values() for match in each))
    if match.mime_type
)
"""The media types that can be told by bytes."""


def unknown_types(allowed: Iterable[str]) -> list[str]:
    """Those that no file could ever be found to be."""
    return sorted(set(allowed) - KNOWN_TYPES)


def content_type(head: bytes, name: str, allowed: frozenset[str], fields: Fields) -> str:
    """The media type of a file that begins with `head`: one that its bytes say, that is allowed, and that its name's extension
    stands for. Raises FileTypeNotAllowed, which says what is missing."""
    matches = best_matches(head)
    found = {match.mime_type for match in matches} & allowed
    if not found:
        seen = " or ".join(sorted({match.mime_type for match in matches if match.mime_type})) or "of no type that we know"
        raise FileTypeNotAllowed(
            Violation(fields.content, f"is {seen}; allowed are {', '.join(sorted(allowed))}"), allowed=",".join(sorted(allowed))
        )
    extension = PurePosixPath(name).suffix.lower()
    for match in matches:
        if match.mime_type in found and match.extension == extension:
            return str(match.mime_type)
    fitting = sorted({match.extension for match in matches if match.mime_type in found})
    raise FileTypeNotAllowed(
        Violation(fields.name, f"does not end as a file of {' or '.join(sorted(found))} does: {', '.join(fitting)}"),
        allowed=",".join(sorted(allowed)),
    )


def best_matches(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    """What is most likely; several where the first bytes of several types are the same, as those of .pdf and .fdf are."""
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return []
    return [match for match in matches if match.confidence == matches[0].confidence]
