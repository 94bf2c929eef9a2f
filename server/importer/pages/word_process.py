"""`python -m server.importer.pages.word_process FILE FOLDER`: a Word document as HTML, its images as files.

What a document inflates to is checked first (`server.formats`), and this process has a bound of CPU time and memory: what it
parses may be made by anybody.
"""

from __future__ import annotations

import json
import mmap
import re
import resource
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mammoth
from lxml import etree
from lxml import html as lxml_html

from server.formats import types
from server.formats.malformed import Malformed
from server.formats.office import structure
from server.importer.pages.html import inner, shown
from server.importer.pages.word import TOLD

CPU_SECONDS, MEMORY = 60, 1 << 30
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
KIND = types.MAIN_PART + "wordprocessingml.document"
STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
"""
SUFFIXES = {"image/jpeg": "jpg", "image/tiff": "tif"}
CORE = "docProps/core.xml"
DUBLIN = "{http://purl.org/dc/elements/1.1/}"
KEYWORDS = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}keywords"
LEFT_OUT = {
    r"<m:oMath[ >]": "formulas",
    r"<c:chart[ >/]": "charts",
    r"<dgm:relIds[ >/]": "diagrams",
    r"<w:object[ >]": "embedded objects",
    r"<w:del [^>]*>": "deletions that were tracked",
    r"<w:commentReference[ >/]": "comments",
}
"""What the text of a document has that no HTML of it has, as far as its XML tells."""
APART = {"header": "headers", "footer": "footers"}
TEXT = re.compile(r"<w:t[ >]")


class Images:
    """Writes images to files, under the names by which the HTML calls them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []
        self.left_out: Counter[str] = Counter()

    def take(self, image: Any) -> dict[str, str]:
        kind = image.content_type
        if kind not in types.IMAGES:
            self.left_out[kind] += 1
            return {"src": ""}
        suffix = SUFFIXES.get(kind) or kind.rpartition("/")[2]
        name = f"image-{len(self.names) + 1}.{suffix}"
        with image.open() as opened:
            (self.folder / name).write_bytes(opened.read())
        self.names.append(name)
        return {"src": name}


def convert(file: Path, folder: Path) -> dict[str, Any]:
    """Raises Malformed."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        structure.parse(str(file), data, KIND)
    images = Images(folder)
    with file.open("rb") as opened:
        result = mammoth.convert_to_html(opened, style_map=STYLES, convert_image=mammoth.images.img_element(images.take))
    root = lxml_html.fragment_fromstring(result.value, create_parent="div")
    for left in root.xpath(".//img[@src='']"):
        left.drop_tree()
    with zipfile.ZipFile(file) as archive:
        said = properties(archive)
        notes = [*left_out(archive)]
    title = title_of(root) or said["title"]
    if not title:
        raise Malformed("has no title: neither a heading nor one among its properties")
    notes += [
        f"{count} images of the type {kind} are left out: no browser shows them" for kind, count in images.left_out.items()
    ]
    notes += [f"{message.type}: {message.message}" for message in dict.fromkeys(result.messages)][:20]
    return said | {"title": title, "body": inner(root), "images": images.names, "notes": notes}


def title_of(root: Any) -> str:
    """The paragraph that is called so, or the only heading of the first level; it is not in the text any more."""
    headings = root.xpath(".//h1[@class='title']") or root.xpath(".//h1")
    if len(headings) != 1 or not shown(headings[0]):
        return ""
    title: str = shown(headings[0])
    headings[0].drop_tree()
    return title


def properties(archive: zipfile.ZipFile) -> dict[str, Any]:
    root = etree.fromstring(archive.read(CORE), PARSER) if CORE in archive.namelist() else None

    def said(name: str) -> str:
        return " ".join((root.findtext(name) or "").split()) if root is not None else ""

    tags = [each for each in re.split(r"\s*[,;]\s*", said(KEYWORDS)) if each]
    return {"title": said(f"{DUBLIN}title"), "summary": said(f"{DUBLIN}description"), "tags": tags}


def left_out(archive: zipfile.ZipFile) -> Iterator[str]:
    names = archive.namelist()
    main = archive.read("word/document.xml").decode(errors="replace") if "word/document.xml" in names else ""
    for pattern, what in LEFT_OUT.items():
        if count := len(re.findall(pattern, main)):
            yield f"{count} {what} are left out"
    for begin, what in APART.items():
        texts = [name for name in names if name.startswith(f"word/{begin}")]
        if any(TEXT.search(archive.read(name).decode(errors="replace")) for name in texts):
            yield f"{what} are left out"


def main() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    file, folder = map(Path, sys.argv[1:])
    try:
        page = convert(file, folder)
    except (Malformed, KeyError, zipfile.BadZipFile, etree.XMLSyntaxError) as error:
        print(error if isinstance(error, Malformed) else f"is no Word document: {error}", file=sys.stderr)  # noqa: T201 - to who asked
        return TOLD
    (folder / "page.json").write_text(json.dumps(page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
