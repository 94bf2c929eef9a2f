"""PDFs with what is known of them, and with what would run where they are opened: made here, so that no binary is committed."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from server.demo.files import form_pdf

PDF = form_pdf()
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="{dc}">
<r:Description><dc:title><r:Alt><r:li xml:lang="x-default">Mooring form</r:li><r:li xml:lang="cy">Ffurflen</r:li></r:Alt>
</dc:title><dc:language><r:Bag><r:li>cy</r:li></r:Bag></dc:language></r:Description></r:RDF></x:xmpmeta>"""
DC = "http://purl.org/dc/elements/1.1/"
XFA = b'<template><script contentType="application/x-javascript">app.alert(1)</script></template>'

Change = Callable[[Pdf], None]


def changed(*changes: Change, **how: object) -> bytes:
    """The form, after these changes."""
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        for change in changes:
            change(pdf)
        pdf.save(made, **how)  # type: ignore[arg-type]
    return made.getvalue()


def tagged(pdf: Pdf) -> None:
    pdf.Root.MarkInfo = Dictionary(Marked=True)
    pdf.Root.StructTreeRoot = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))


def titled(title: str) -> Change:
    def change(pdf: Pdf) -> None:
        pdf.docinfo["/Title"] = title

    return change


def language(tag: str) -> Change:
    def change(pdf: Pdf) -> None:
        pdf.Root.Lang = String(tag)

    return change


def described(pdf: Pdf) -> None:
    pdf.Root.Metadata = Stream(pdf, XMP.format(dc=DC).encode(), Type=Name.Metadata, Subtype=Name.XML)


def pages(count: int) -> Change:
    def change(pdf: Pdf) -> None:
        for _ in range(count - 1):
            pdf.add_blank_page()

    return change


def opens_with(action: Dictionary) -> Change:
    def change(pdf: Pdf) -> None:
        pdf.Root.OpenAction = action

    return change


def script() -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def indirect_script(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=pdf.make_indirect(Name.JavaScript), JS=pdf.make_indirect(String("app.alert(1)")))


def of_a_button(pdf: Pdf) -> None:
    """Three dictionaries deep, in one object."""
    pdf.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, AA=Dictionary(U=script()))])


def of_a_rendition(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.Rendition, JS=String("app.alert(1)"))


def of_a_form(pdf: Pdf) -> None:
    pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=Array([String("template"), Stream(pdf, XFA)]))


def with_a_player(pdf: Pdf) -> None:
    pdf.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.RichMedia)])


def embedding(name: str, content: bytes) -> Change:
    def change(pdf: Pdf) -> None:
        pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, content, filename=name)

    return change


def holding(content: bytes, **described: object) -> Change:
    """A stream whose bytes stand there as they are."""

    def change(pdf: Pdf) -> None:
        pdf.Root.Held = pdf.make_indirect(Stream(pdf, content, **described))

    return change


def inflating_to(size: int, *, times: int = 1, **described: object) -> Change:
    def change(pdf: Pdf) -> None:
        packed = zlib.compress(bytes(size), 9)
        each = [pdf.make_indirect(Stream(pdf, packed, Filter=Name.FlateDecode, **described)) for _ in range(times)]
        pdf.Root.Held = pdf.make_indirect(Array(each))

    return change


def hidden_name(content: bytes) -> bytes:
    """The same, with the name of JavaScript written otherwise, and as many bytes."""
    return content.replace(b"/JavaScript", b"/J#61vaScript").replace(b"app.alert", b"app.ale")


def lies_of_its_size(pdf: Pdf) -> None:
    inflating_to(8 << 20, Subtype=Name.Image, Width=1, Height=1, ColorSpace=Name.DeviceGray, BitsPerComponent=8)(pdf)


def picture(pdf: Pdf) -> None:
    inflating_to(300, Subtype=Name.Image, Width=10, Height=10, ColorSpace=Name.DeviceRGB, BitsPerComponent=8)(pdf)


def saying(*texts: str) -> bytes:
    """A PDF whose pages say these, in ASCII."""

    def change(pdf: Pdf) -> None:
        for number, text in enumerate(texts):
            if number:
                pdf.pages.append(pdf.pages[0])
            page = pdf.pages[number]
            page.Contents = Stream(pdf, f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())

    return changed(change)


def sized(width: int, height: int) -> Change:
    def change(pdf: Pdf) -> None:
        pdf.pages[0].MediaBox = Array([0, 0, width, height])

    return change


KEEPS = {"preserve_pdfa": False, "compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}
"""Streams are written as they are."""

SOUND: list[tuple[str, bytes]] = [
    ("said.pdf", changed(tagged, titled("Mooring  form\n"), language("en_GB"), pages(3))),
    ("described.pdf", changed(described)),
    ("with data.pdf", changed(embedding("invoice.xml", b"<invoice/>"), picture)),
    ("speaks of it.pdf", saying("/JavaScript /JS /Launch")),
]
MALFORMED: list[tuple[str, bytes, str]] = [
    ("script.pdf", changed(opens_with(script())), "contains JavaScript"),
    ("hidden script.pdf", hidden_name(changed(opens_with(script()))), "contains JavaScript"),
    ("script elsewhere.pdf", changed(indirect_script), "contains JavaScript"),
    ("button.pdf", changed(of_a_button), "contains JavaScript"),
    ("rendition.pdf", changed(of_a_rendition), "contains JavaScript"),
    ("of a form.pdf", changed(of_a_form), "contains JavaScript, in its form"),
    (
        "packed.pdf",
        changed(opens_with(script()), object_stream_mode=pikepdf.ObjectStreamMode.generate),
        "contains JavaScript",
    ),
    ("locked.pdf", changed(opens_with(script()), encryption=pikepdf.Encryption(owner="a", user="")), "contains JavaScript"),
    ("launch.pdf", changed(opens_with(Dictionary(S=Name.Launch, F=String("calc.exe")))), "starts a program"),
    ("player.pdf", changed(with_a_player), "contains a program"),
    ("with a program.pdf", changed(embedding("invoice.pdf.exe", b"x")), "contains a program: 'invoice.pdf.exe'"),
    ("with one unnamed.pdf", changed(embedding("invoice.xml", b"MZ\x90\0\3" + bytes(60))), "contains a program: 'invoice.xml'"),
    ("undecoded.pdf", changed(holding(b"xxxx", Filter=Name.FlateDecode), **KEEPS), "stream in it cannot be decoded"),
    ("bomb.pdf", changed(inflating_to(41 << 20, times=5), **KEEPS), "inflate to more than"),
    (
        "bomb in a bomb.pdf",
        changed(
            holding(zlib.compress(zlib.compress(bytes(65 << 20))), Filter=Array([Name.FlateDecode, Name.FlateDecode])), **KEEPS
        ),
        "cannot be decoded",
    ),
    ("large image.pdf", changed(lies_of_its_size, **KEEPS), "image of more bytes than it says"),
]
"""Name, bytes, and what the refusal says."""
