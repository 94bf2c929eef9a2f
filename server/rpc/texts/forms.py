"""The form of each kind of string. Two strings that readers take for one are one afterwards."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

import regex

from gazette.text.v1.text_pb2 import TextKind
from server.rpc.texts.characters import EDGES, refuse_breaks, refuse_unfit
from server.rpc.texts.languages import canonical

Form = Callable[[str], str]
"""The text in its form. Raises Unfit."""

BOM = "\ufeff"
LONGEST_CODE = 200
"""Characters beyond which nothing is a code, however it was typed."""
BETWEEN = regex.compile(r"[\s\p{Dash}\p{Default_Ignorable_Code_Point}]+")
"""What people and apps put between the characters of a code."""
AROUND_ADDRESSES = "\u061c\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""What shows nothing there, and does something inside of other texts alone."""
IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")


def line(text: str) -> str:
    if is_plain(text):
        return text.strip(" ")
    fit = composed(text.replace("\r\n", "\n")).strip(EDGES)
    refuse_breaks(fit)
    return fit


def paragraphs(text: str) -> str:
    return text.strip(" ") if is_plain(text) else composed(with_line_feeds(text)).strip(EDGES)


def markup(text: str) -> str:
    return text if is_plain(text) else composed(with_line_feeds(text.lstrip(BOM)))


def data(text: str) -> str:
    return text if is_plain(text) else composed(with_line_feeds(text))


def tag(text: str) -> str:
    return " ".join(line(text).split())


def address(text: str) -> str:
    """A line without the joiners and the marks of direction around it, too: address books put those into what is copied."""
    return line(text if is_plain(text) else text.strip(EDGES + AROUND_ADDRESSES))


def code(text: str) -> str:
    if len(text) > LONGEST_CODE or (text.isalnum() and text.isascii()):
        return text
    return "".join(map(ascii_digit, BETWEEN.sub("", unicodedata.normalize("NFKC", text))))


def token(text: str) -> str:
    return text.strip(EDGES)


def verbatim(text: str) -> str:
    return text


def language(text: str) -> str:
    return canonical(text)


def is_plain(text: str) -> bool:
    """Whether it is printable ASCII, as most texts are: then there is nothing to be found out about it."""
    return text.isascii() and text.isprintable()


def composed(text: str) -> str:
    """In NFC. Raises Unfit; that comes first, since what it refuses can cost a lot to be composed."""
    refuse_unfit(text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def folded(text: str) -> str:
    """What two words have in common that are the same to readers: capitals, compatibility forms and what shows nothing aside
    (Unicode's NFKC_Casefold, of a text that is not longer than a tag may be)."""
    plain = IGNORABLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return unicodedata.normalize("NFKC", plain)


FORMS: Mapping[int, Form] = {
    TextKind.TEXT_KIND_LINE: line,
    TextKind.TEXT_KIND_PARAGRAPHS: paragraphs,
    TextKind.TEXT_KIND_MARKUP: markup,
    TextKind.TEXT_KIND_TAG: tag,
    TextKind.TEXT_KIND_LANGUAGE: language,
    TextKind.TEXT_KIND_ADDRESS: address,
    TextKind.TEXT_KIND_CODE: code,
    TextKind.TEXT_KIND_TOKEN: token,
    TextKind.TEXT_KIND_VERBATIM: verbatim,
    TextKind.TEXT_KIND_DATA: data,
}
