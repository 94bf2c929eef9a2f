"""What a PDF holds: its streams are decoded, within bounds, and what would run where it is opened is found."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pikepdf
from pikepdf import Name, Object

from server.formats import programs
from server.formats.malformed import Malformed

MAX_BYTES = 200 << 20
"""Of all streams together, when they are decoded. Images are decoded as far as that goes."""
MAX_STREAM = 64 << 20
"""Of a stream that is coded in several ways, and so is decoded at once."""
PIECE = 1 << 20
ROW_BYTES = 16
"""An image has a byte more for each row where these are predicted, and some that end nothing."""
DECODED = frozenset({"/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode", "/RunLengthDecode"})
"""What streams are coded in that are no images."""
SUSPECT = re.compile(rb"/(?:JavaScript|JS|Launch|EF|XFA|OnInstantiate|RichMedia|Flash)\b")
"""Names without which nothing runs and nothing is embedded: most objects have none of them, and are not looked at again."""
XFA_SCRIPT = re.compile(rb"<(?:[A-Za-z][\w.-]*:)?script[\s>/]")
FILE_NAMES = ("/UF", "/F", "/DOS", "/Unix", "/Mac")
MAX_DEPTH = 100

Dictionary = Any
"""Pikepdf's own, of which it says no more."""

pikepdf.settings.set_qpdf_limits(flate_max_memory=MAX_STREAM, run_length_max_memory=MAX_STREAM, parser_max_nesting=MAX_DEPTH)


def check(pdf: pikepdf.Pdf) -> None:
    """Raises Malformed for what runs, for programs, and for streams that cannot be decoded or are too much when they are."""
    streams: list[Any] = []
    suspects: list[Object] = []
    for each in pdf.objects:
        said: Any = each
        if isinstance(each, pikepdf.Stream):
            streams.append(each)
            said = each.stream_dict
        if SUSPECT.search(said.unparse(resolved=True)):
            suspects.append(each)
    for each in suspects:
        if isinstance(each, Name):  # what an action says of itself, elsewhere
            check_action(str(each))
            continue
        for found in dictionaries(each, MAX_DEPTH):
            check_dictionary(found)
    check_streams(streams)


def dictionaries(value: Any, depth: int) -> Iterator[Dictionary]:
    """All that stand in an object, and not in another one that it refers to."""
    if not depth:
        raise Malformed("is a damaged PDF: its objects are nested too deeply; save it anew")
    if isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
        yield value
        children: Iterable[Any] = [value.get(key) for key in value.keys()]  # noqa: SIM118  not a mapping's
    elif isinstance(value, pikepdf.Array):
        children = list(value)
    else:
        return
    for child in children:
        if isinstance(child, (pikepdf.Dictionary, pikepdf.Array)) and not child.is_indirect:
            yield from dictionaries(child, depth - 1)


def check_dictionary(found: Dictionary) -> None:
    """Raises Malformed for one that makes a reader do something, and for a file within the file that is a program."""
    kind = found.get("/S")
    if isinstance(kind, Name):
        check_action(str(kind))
    if "/OnInstantiate" in found or ("/JS" in found and kind == Name.Rendition):
        raise Malformed("contains JavaScript; save it without")
    subtype = found.get("/Subtype")
    if isinstance(subtype, Name) and str(subtype) in {"/RichMedia", "/Flash"}:
        raise Malformed("contains a program (rich media); save it without")
    if isinstance(embedded := found.get("/EF"), pikepdf.Dictionary):
        check_embedded(found, embedded)
    if "/XFA" in found:
        check_form(found.get("/XFA"))


def check_action(kind: str) -> None:
    if kind == "/JavaScript":
        raise Malformed("contains JavaScript; save it without")
    if kind == "/Launch":
        raise Malformed("starts a program (a launch action); save it without")


def check_embedded(found: Dictionary, embedded: Dictionary) -> None:
    names = [str(said) for key in FILE_NAMES if isinstance(said := found.get(key), (str, pikepdf.String))]
    for name in names:
        programs.check_name(name, "contains a program")
    for key in embedded.keys():  # noqa: SIM118
        if isinstance(stream := embedded.get(key), pikepdf.Stream):
            programs.check_content(next(pieces(stream), b""), next(iter(names), key), "contains a program")


def check_form(form: Any) -> None:
    """Raises Malformed for a form in XML that has scripts."""
    for part in form if isinstance(form, pikepdf.Array) else (form,):
        if isinstance(part, pikepdf.Stream) and XFA_SCRIPT.search(b"".join(pieces(part))):
            raise Malformed("contains JavaScript, in its form (XFA); save it without")


def check_streams(streams: Sequence[Any]) -> None:
    left = MAX_BYTES
    images = [each for each in streams if each.get("/Subtype") == Name.Image]
    for each in streams:
        if each.get("/Subtype") != Name.Image:
            left -= decoded_size(each, left)
    for each in images:
        most = image_size(each)
        if most is not None and most <= left:
            left -= image_decoded_size(each, most)


def decoded_size(stream: pikepdf.Stream, most: int) -> int:
    """Raises Malformed if it is more than `most`."""
    size = 0
    for piece in pieces(stream):
        size += len(piece)
        if size > most:
            raise Malformed(f"has streams that inflate to more than {MAX_BYTES} bytes")
    return size


def image_decoded_size(stream: pikepdf.Stream, most: int) -> int:
    size = 0
    for piece in pieces(stream):
        size += len(piece)
        if size > most:
            raise Malformed("has an image of more bytes than it says")
    return size


def image_size(stream: pikepdf.Stream) -> int | None:
    """How many bytes an image may have by what it says of itself, whatever its colours are; None if it says nothing."""
    width, height = stream.get("/Width"), stream.get("/Height")
    if not isinstance(width, int) or not isinstance(height, int) or width <= 0 or height <= 0:
        return None
    bits = stream.get("/BitsPerComponent")
    depth = bits if isinstance(bits, int) and 0 < bits <= 16 else 16
    return (width * components(stream) * depth // 8 + ROW_BYTES) * (height + ROW_BYTES) + PIECE


def components(stream: Any) -> int:
    """Of a pixel, at most."""
    space = stream.get("/ColorSpace")
    if stream.get("/ImageMask") is True or space == Name.DeviceGray:
        return 1
    return 3 if space == Name.DeviceRGB else 32


def filters(stream: pikepdf.Stream) -> list[str]:
    said = stream.get("/Filter")
    if said is None:
        return []
    return [str(each) for each in said] if isinstance(said, pikepdf.Array) else [str(said)]


def pieces(stream: pikepdf.Stream) -> Iterator[bytes]:
    """What a stream holds. Of one in a format of images, which readers decode by themselves, nothing. Raises Malformed."""
    coded = filters(stream)
    if not {*coded} <= DECODED:
        return
    try:
        if coded == ["/FlateDecode"]:
            yield from inflated(stream.read_raw_bytes())
        else:
            yield stream.read_bytes()
    except MemoryError:
        raise
    except (pikepdf.PdfError, zlib.error, RuntimeError, ValueError) as error:
        said = str(error).rpartition(": ")[2][:100] or type(error).__name__
        raise Malformed(f"is a damaged PDF: a stream in it cannot be decoded ({said}); save it anew") from None


def inflated(content: bytes) -> Iterator[bytes]:
    """In pieces, so that no memory is taken by what says little and inflates to much. What stands behind it is passed over."""
    if not content.strip():
        return
    inflater, rest = zlib.decompressobj(), content
    while rest and not inflater.eof:
        piece = inflater.decompress(rest, PIECE)
        rest = inflater.unconsumed_tail
        yield piece
