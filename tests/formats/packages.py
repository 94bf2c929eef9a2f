"""Documents of offices with what is known of them, and archives: made here, so that no binary is committed."""

from __future__ import annotations

import io
import zipfile

from server.formats import types

DOCX, XLSX, PPTX = types.OFFICE_OPEN
ODT, ODP, ODS = (f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "presentation", "spreadsheet"))
OFFICE_MAIN = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CP = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
DC = "http://purl.org/dc/elements/1.1/"
EP = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
NAMED = (
    f'xmlns:office="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0" xmlns:draw="{ODF}:drawing:1.0" xmlns:meta="{ODF}:meta:1.0"'
)
STYLED = f'xmlns:style="{ODF}:style:1.0" xmlns:fo="{ODF}:xsl-fo-compatible:1.0"'
PROGRAM = b"MZ\x90\0\3" + bytes(60)

Member = tuple[str, str | bytes]


def archive(*members: Member, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return made.getvalue()


def office_open(kind: str, main: str, content: str, *more: Member) -> bytes:
    """A document of this media type, whose main part is so called and holds this."""
    kinds = f'<Types><Override PartName="/{main}" ContentType="{types.OFFICE_OPEN[kind]}"/></Types>'
    related = f'<Relationships><Relationship Id="r1" Type="{OFFICE_MAIN}" Target="{main}"/></Relationships>'
    return archive(("[Content_Types].xml", kinds), ("_rels/.rels", related), (main, content), *more)


def core(title: str, language: str = "") -> Member:
    tag = f"<dc:language>{language}</dc:language>" if language else ""
    said = f'<cp:coreProperties xmlns:cp="{CP}" xmlns:dc="{DC}"><dc:title>{title}</dc:title>{tag}</cp:coreProperties>'
    return "docProps/core.xml", said


def counted(pages: int | str) -> Member:
    return "docProps/app.xml", f'<Properties xmlns="{EP}"><Pages>{pages}</Pages></Properties>'


def word(*more: Member, said: str = "The <w:r/>pier") -> bytes:
    again = '<mc:Fallback xmlns:mc="m"><w:r><w:t>again</w:t></w:r></mc:Fallback>'
    first = f"<w:p><w:r><w:t>Moorings</w:t><w:tab/><w:t>2026</w:t></w:r>{again}<w:r><w:delText>not</w:delText></w:r></w:p>"
    body = f'<w:document xmlns:w="{W}">{first}<w:p><w:r><w:t>{said}</w:t></w:r></w:p></w:document>'
    return office_open(DOCX, "word/document.xml", body, *more)


def slides(*said: str) -> bytes:
    members = [
        (f"ppt/slides/slide{number}.xml", f'<s xmlns:a="{A}"><a:p><a:r><a:t>{text}</a:t></a:r></a:p></s>')
        for number, text in enumerate(said, 1)
    ]
    return office_open(PPTX, "ppt/presentation.xml", "<p/>", *members[::-1], core("Tides"))


def sheet(*said: str) -> bytes:
    strings = "".join(f'<si><t>{text}</t><rPh sb="0" eb="1"><t>no</t></rPh></si>' for text in said)
    return office_open(XLSX, "xl/workbook.xml", "<w/>", ("xl/sharedStrings.xml", f'<sst xmlns="{S}">{strings}</sst>'))


def open_document(kind: str, content: str, *more: Member) -> bytes:
    listed = f'<manifest><file-entry full-path="/" media-type="{kind}"/></manifest>'
    body = f"<office:document-content {NAMED}>{content}</office:document-content>"
    members = [("mimetype", kind), ("META-INF/manifest.xml", listed), ("content.xml", body), *more]
    return archive(*members, method=zipfile.ZIP_STORED)


def meta(title: str, pages: int) -> Member:
    said = f'<dc:title>{title}</dc:title><meta:document-statistic meta:page-count="{pages}"/>'
    return "meta.xml", f'<office:document-meta {NAMED} xmlns:dc="{DC}">{said}</office:document-meta>'


def styles(language: str, country: str) -> Member:
    said = f'<style:text-properties fo:language="{language}" fo:country="{country}"/>'
    return "styles.xml", f"<office:document-styles {NAMED} {STYLED}>{said}</office:document-styles>"


def nested(depth: int) -> bytes:
    made = archive(("a.csv", "a,b\n"))
    for _ in range(depth):
        made = archive(("within.zip", made))
    return made


REMARK = "<office:annotation><text:p>no</text:p></office:annotation>"
TEXT = f"<text:h>Tides</text:h><text:p>High<text:s/>at<text:tab/>noon{REMARK}</text:p>"
ODT_WITH_FACTS = open_document(ODT, TEXT, meta("Tide tables", 4), styles("en", "GB"))
ODP_WITH_FACTS = open_document(ODP, "<draw:page><text:p>One</text:p></draw:page><draw:page><text:p>Two</text:p></draw:page>")
DOCX_WITH_FACTS = word(core("Moorings", "cy"), counted(7))
WORD_STYLES = ("word/styles.xml", f'<w:styles xmlns:w="{W}"><w:lang w:val="en-GB"/><w:lang w:val="fr-FR"/></w:styles>')
DATA = archive(
    ("folder/", ""), ("folder/a.csv", "code,name\nMZ,Mozambique\n"), ("MZ.csv", "MZ,Mozambique\n"), ("a.docx", word())
)

SOUND: list[tuple[str, str, bytes]] = [
    (DOCX, "moorings.docx", DOCX_WITH_FACTS),
    (PPTX, "tides.pptx", slides("One", "Two")),
    (XLSX, "tides.xlsx", sheet("High", "Low")),
    (ODT, "tides.odt", ODT_WITH_FACTS),
    (ODP, "tides.odp", ODP_WITH_FACTS),
    (types.ZIP, "data.zip", DATA),
    (types.ZIP, "nested.zip", nested(2)),
]
"""Type, name, bytes."""
BOMB = archive(("a.bin", bytes(70 << 20)))
MALFORMED: list[tuple[str, bytes, str]] = [
    ("nothing.zip", archive(), "nothing|FILE_TYPE_NOT_ALLOWED"),
    ("bombs.zip", archive(*((f"{at}.zip", BOMB) for at in range(3))), "holds an archive, '2.zip', that inflates to more"),
    ("deep.zip", nested(3), "more than 3 deep"),
    ("program.zip", archive(("readme.txt", "x"), ("setup.EXE", "x")), "holds a program: 'setup.EXE'"),
    ("unnamed program.zip", archive(("readme.txt", PROGRAM)), "holds a program: 'readme.txt'"),
    ("within.zip", archive(("a.zip", archive(("a.txt", PROGRAM)))), "holds an archive, 'a.zip', that holds a program"),
    ("packed.zip", archive(("a.csv.gz", b"\x1f\x8b\x08\0")), "not looked into"),
    ("damaged.zip", archive(("a.zip", b"PK\3\4" + bytes(100))), "holds an archive, 'a.zip', that is a damaged archive"),
    ("outside.zip", archive(("../a.csv", "a")), "leads elsewhere"),
    ("followed.zip", archive(("a", "b")) + b"x", "behind the end"),
]
"""Name, bytes, and what the refusal says."""
