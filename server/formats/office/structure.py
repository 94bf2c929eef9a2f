"""Whether a package is the document that its name says, and holds no macros."""

from __future__ import annotations

import mmap
import posixpath

from server.formats import types, xml
from server.formats.archives import Archive
from server.formats.malformed import Malformed
from server.formats.xml import Attributes

CONTENT_TYPES, RELATIONSHIPS = "[Content_Types].xml", "_rels/.rels"
MAIN = ("/officeDocument/2006/relationships/officeDocument", "/ooxml/officeDocument/relationships/officeDocument")
"""How the relationship with the main part ends, by the two editions of ECMA-376."""
MIMETYPE, MANIFEST, CONTENT = "mimetype", "META-INF/manifest.xml", "content.xml"
PROGRAMS = ("vnd.ms-office.vbaproject", "vnd.ms-office.activex", "macroenabled")
"""In types of parts that hold macros."""
SCRIPTS = ("basic/", "scripts/")
"""Where ODF keeps them."""


def parse(path: str, data: mmap.mmap, content_type: str) -> Archive:
    """The archive is sound, and says of itself that it is of this media type. Raises Malformed."""
    archive = Archive.opened(path, data)
    archive.check()
    main_part(archive, content_type)
    return archive


def main_part(archive: Archive, content_type: str) -> str:
    """The member that holds what the document says, which was looked at. Raises Malformed."""
    if content_type in types.OPEN_DOCUMENT:
        check_open_document(archive, content_type)
        return CONTENT
    return checked_main(archive, types.OFFICE_OPEN[content_type])


def checked_main(archive: Archive, main_type: str) -> str:
    defaults: dict[str, str] = {}
    overrides: dict[str, str] = {}
    mains: list[str] = []

    def typed(element: str, attributes: Attributes) -> None:
        if element == "Default":
            defaults[attributes.get("Extension", "").lower()] = attributes.get("ContentType", "")
        elif element == "Override":
            overrides[attributes.get("PartName", "").lower()] = attributes.get("ContentType", "")

    def related(element: str, attributes: Attributes) -> None:
        if element == "Relationship" and attributes.get("Type", "").endswith(MAIN):
            mains.append(posixpath.join("/", attributes.get("Target", "")))

    read(archive, CONTENT_TYPES, typed)
    read(archive, RELATIONSHIPS, related)
    if len(mains) != 1:
        raise Malformed("is no Office document: it names no main part")
    main = mains[0]
    found = overrides.get(main.lower()) or defaults.get(main.rpartition(".")[2].lower(), "")
    if found != main_type:
        raise Malformed(f"is another kind of document than its name says: its main part is {found or 'of no type'!r}")
    for each in (*defaults.values(), *overrides.values()):
        if any(program in each.lower() for program in PROGRAMS):
            raise Malformed("holds macros; save it without them")
    name = main.lstrip("/")
    read(archive, name, nothing)
    return name


def check_open_document(archive: Archive, content_type: str) -> None:
    kinds: list[str] = []

    def listed(element: str, attributes: Attributes) -> None:
        if element.endswith("file-entry") and named(attributes, "full-path") == "/":
            kinds.append(named(attributes, "media-type"))

    if archive.first != MIMETYPE or archive.read(MIMETYPE) != content_type.encode():
        raise Malformed(f"is no {content_type}: its first member does not say so")
    read(archive, MANIFEST, listed)
    if kinds != [content_type]:
        raise Malformed(f"is no {content_type}: its manifest does not say so")
    if any(name.lower().startswith(SCRIPTS) for name in archive.names):
        raise Malformed("holds macros; save it without them")
    read(archive, CONTENT, nothing)


def named(attributes: Attributes, name: str) -> str:
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), "")


def nothing(element: str, attributes: Attributes) -> None:
    """What is only to be well-formed is not looked at."""


def read(archive: Archive, name: str, begin: xml.Begin) -> None:
    """Tells of each element of a member. Raises Malformed."""
    xml.read(archive.read(name), name, begin)
