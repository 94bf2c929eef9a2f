"""XML of which nothing is expanded: no document type is taken, so there are no entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from xml.parsers import expat

from server.formats.malformed import Malformed

Attributes = dict[str, str]
Begin = Callable[[str, Attributes], None]
"""Is told of each element that begins: its name, and where namespaces are read, that of its namespace and a space before it."""
MAX_TEXT = 10_000


def read(content: bytes, name: str, begin: Begin) -> None:
    """Tells of each element by its name as it stands there. Raises Malformed."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parsed(parser, [content], name)


def parsed(parser: expat.XMLParserType, pieces: Iterable[bytes], name: str) -> None:
    """All of the member `name` that comes in pieces. Raises Malformed, and what the parser's handlers do."""
    parser.StartDoctypeDeclHandler = refuse
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Malformed(f"is damaged: {name} is no XML, {error}") from None


def refuse(*declared: object) -> None:
    raise Malformed("declares a document type, which documents of offices do not")


def texts(content: bytes, wanted: Mapping[str, str]) -> dict[str, str]:
    """What stands in the first elements of these names, under the names that they are given: `{"http://… title": "title"}`.
    What holds elements itself, as XMP's lists do, says what the first of them says. Raises Malformed."""
    found: dict[str, str] = {}
    done: set[str] = set()
    at: list[str] = []

    def begin(element: str, attributes: Attributes) -> None:
        at.append(wanted.get(element, at[-1] if at else ""))

    def end(element: str) -> None:
        key = at.pop()
        if found.get(key, "").strip():
            done.add(key)

    def character(said: str) -> None:
        key = at[-1]
        if key and key not in done and len(found.get(key, "")) < MAX_TEXT:
            found[key] = found.get(key, "") + said

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, character
    parsed(parser, [content], "its metadata")
    return {key: said.strip() for key, said in found.items()}
