"""What a file is, by its first bytes: then all of it is parsed as that (`examination`). Its name is only asked whether it
agrees; what a client says of the type is not asked. Text alone, which no first bytes tell, is taken at its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import puremagic
from puremagic.main import magic_header_array

from server.files.failures import FileTypeNotAllowed
from server.files.fields import Fields
from server.formats.types import PARSED, PDF, TEXT
from server.rpc.failures import Violation

SNIFFED_BYTES = 8 * 1024
PDF_HEADER, BEFORE_PDF = b"%PDF-", 1024
"""What may stand before the header of a PDF, in bytes."""


EXTENSIONS: Mapping[str, frozenset[str]] = {
    kind: frozenset(extension for extension, of_text in TEXT.items() if of_text == kind)
    or frozenset(each.extension for each in magic_header_array if each.mime_type == kind)
    for kind in PARSED
}
"""How names of files of a type end."""


def unknown_types(allowed: Iterable[str]) -> list[str]:
    """Those that no file could ever be found to be."""
    return sorted(set(allowed) - PARSED)


def content_type(head: bytes, name: str, allowed: frozenset[str], fields: Fields) -> str:
    """The media type of a file that begins with `head`: one that its bytes say, that is allowed, and that its name's extension
    stands for. Raises FileTypeNotAllowed, which says what is missing."""
    extension = PurePosixPath(name).suffix.lower()
    if TEXT.get(extension) in allowed:
        return TEXT[extension]
    matches = best_matches(head)
    if not allowed & {match.mime_type for match in matches} and PDF in allowed:
        matches = best_matches(from_pdf_header(head)) or matches
    found = {match.mime_type for match in matches} & allowed
    if not found:
        seen = " or ".join(sorted({match.mime_type for match in matches if match.mime_type})) or "of no type that we know"
        raise FileTypeNotAllowed(
            Violation(fields.content, f"is {seen}; allowed are {', '.join(sorted(allowed))}"), allowed=",".join(sorted(allowed))
        )
    for match in matches:
        if match.mime_type in found and match.extension == extension:
            return str(match.mime_type)
    fitting = sorted({match.extension for match in matches if match.mime_type in found})
    raise FileTypeNotAllowed(
        Violation(fields.name, f"does not end as a file of {' or '.join(sorted(found))} does: {', '.join(fitting)}"),
        allowed=",".join(sorted(allowed)),
    )


def named_type(name: str, allowed: frozenset[str], fields: Fields) -> str:
    """The media type that a file of this name is to be, before any byte of it has come. Raises FileTypeNotAllowed where no
    bytes would make it one that is taken."""
    extension = PurePosixPath(name).suffix.lower()
    for kind in sorted(allowed):
        if extension in EXTENSIONS[kind]:
            return kind
    fitting = sorted(each for kind in allowed for each in EXTENSIONS[kind] if each.startswith("."))
    raise FileTypeNotAllowed(
        Violation(fields.name, f"does not end as a file that is allowed here does: {', '.join(fitting)}"),
        allowed=",".join(sorted(allowed)),
    )


def from_pdf_header(head: bytes) -> bytes:
    """From where readers of PDF begin, which look for its header in the first bytes."""
    at = head[: BEFORE_PDF + len(PDF_HEADER)].find(PDF_HEADER)
    return head[at:] if at > 0 else b""


def best_matches(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    """What is most likely; several where the first bytes of several types are the same, as those of .pdf and .fdf are."""
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return []
    return [match for match in matches if match.confidence == matches[0].confidence]
