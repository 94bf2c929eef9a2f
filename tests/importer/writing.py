"""Files as somebody writes them elsewhere: small, and made by the tests."""

from __future__ import annotations

from pathlib import Path

from tests.files.uploading import PNG
from tests.formats.samples import office

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
DRAWING = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
PIC = 'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
TYPES = (
    '<Default Extension="png" ContentType="image/png"/><Default Extension="emf" ContentType="image/x-emf"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
)
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES_NAMESPACE = "http://schemas.openxmlformats.org/package/2006/content-types"
LINKED = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
HEADINGS = "".join(
    f'<w:style w:type="paragraph" w:styleId="H{level}"><w:name w:val="{name}"/></w:style>'
    for level, name in (("1", "heading 1"), ("2", "heading 2"), ("T", "Title"), ("X", "Curly"))
)


def paragraph(text: str, style: str = "", inner: str = "") -> str:
    styled = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{styled}<w:r><w:t>{text}</w:t></w:r>{inner}</w:p>"


def picture(relation: str, alternative_text: str = "") -> str:
    return (
        f'<w:r><w:drawing><wp:inline {DRAWING}><wp:docPr id="1" name="x" descr="{alternative_text}"/>'
        f"<a:graphic {A}><a:graphicData>"
        f'<pic:pic {PIC}><pic:blipFill><a:blip r:embed="{relation}"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def link(relation: str, text: str) -> str:
    return f'<w:hyperlink r:id="{relation}"><w:r><w:t>{text}</w:t></w:r></w:hyperlink>'


TABLE = f"<w:tbl><w:tr><w:tc>{paragraph('Length')}</w:tc><w:tc>{paragraph('Fee')}</w:tc></w:tr></w:tbl>"


def docx(*body: str, more: tuple[tuple[str, str | bytes], ...] = (), title: str = "", leads: str = "") -> bytes:
    """A Word document: with styles, an image `i1`, one that browsers do not show, `i2`, and a link `l1`."""
    relations = (
        f'<Relationship Id="i1" Type="{KIND}/image" Target="media/quay.png"/>'
        f'<Relationship Id="i2" Type="{KIND}/image" Target="media/plan.emf"/>'
        f'<Relationship Id="s1" Type="{KIND}/styles" Target="styles.xml"/>'
        f'<Relationship Id="l1" Type="{KIND}/hyperlink" Target="{leads}" TargetMode="External"/>'
    )
    core = (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title><dc:description>Who pays what</dc:description><cp:keywords>boats; fees</cp:keywords>"
        "</cp:coreProperties>"
    )
    types = f'<Types xmlns="{TYPES_NAMESPACE}"><Override PartName="/word/document.xml" ContentType="{MAIN}"/>{TYPES}</Types>'
    main = f'<Relationship Id="r1" Type="{KIND}/officeDocument" Target="word/document.xml"/>'
    return office(
        ("[Content_Types].xml", types),
        ("_rels/.rels", f'<Relationships xmlns="{LINKED}">{main}</Relationships>'),
        ("word/document.xml", f"<w:document {W} {R}><w:body>{''.join(body)}</w:body></w:document>"),
        ("word/_rels/document.xml.rels", f'<Relationships xmlns="{LINKED}">{relations}</Relationships>'),
        ("word/styles.xml", f"<w:styles {W}>{HEADINGS}</w:styles>"),
        ("word/media/quay.png", PNG),
        ("word/media/plan.emf", b"emf"),
        ("docProps/core.xml", core),
        *more,
    )


def written(folder: Path, **files: str | bytes) -> Path:
    """The folder with these files; two underscores in a name are a folder, one before the end is the dot."""
    for name, content in files.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        put(folder, f"{stem}.{suffix}", content)
    return folder


def put(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file
