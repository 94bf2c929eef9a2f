"""What may stand in a text, and what can be seen of it.

Each text is looked through at the speed of C: by the classes of characters that Unicode has promised not to change (controls,
noncharacters), which `re` knows, and by the properties of its newest version, which `regex` knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import regex

CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
"""All (Cc) but tab and line feed."""
ORDERING = "\u202a-\u202e"
"""Embeddings and overrides, which reach beyond what they were written for. UAX #9 advises isolates in their stead."""
ISOLATES = "\u2066-\u2069"
DEPRECATED = "\u206a-\u206f\ufff9-\ufffb"
"""Format characters that Unicode advises against, and annotations, which are for the inside of programs."""
LAST_OF_PLANES = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
NO_CHARACTERS = f"\ud800-\udfff\ufdd0-\ufdef{LAST_OF_PLANES}"
TAGS = "\U000e0000-\U000e007f"
"""ASCII that shows nothing. It ends the flags of England, Scotland and Wales, and hides text everywhere else."""

ASCII_CONTROLS = bytes(number for number in range(128) if chr(number) not in "\t\n" and not chr(number).isprintable())

UNFIT = re.compile(f"[{CONTROLS}{ORDERING}{ISOLATES}{DEPRECATED}{NO_CHARACTERS}{TAGS}]")
UNFIT_ALONE = re.compile(f"[{CONTROLS}{ORDERING}{DEPRECATED}{NO_CHARACTERS}]")
"""Those that are so whatever stands beside them."""
BREAKS = re.compile("[\t\n\u2028\u2029]")
"""What a line does not hold."""
FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,16}\U000e007f")
"""An emoji tag sequence (UTS #51)."""
IN_ORDER = re.compile(f"[{ISOLATES}\n\u2029]")
OPENING, CLOSING = "\u2066\u2067\u2068", "\u2069"

MARKS = regex.compile(r"[^\p{ccc=0}]{31}")
"""More marks on one character than any language has (UAX #15, stream-safe text). To sort them costs their number's square."""
SELECTORS = regex.compile(r"\p{Variation_Selector}{3}")
"""Each changes the character before it; a row of them is hidden text."""
ROWS = ((MARKS, "has more than 30 marks on one character"), (SELECTORS, "has three variation selectors in a row"))
VISIBLE = regex.compile(
    r"(?V1)[[\p{Letter}\p{Number}\p{Punctuation}\p{Symbol}]--[\p{Default_Ignorable_Code_Point}\u2800\U0001d159]]"
)
"""What shows something by itself. Marks do not; nor do the blank of Braille and a note without a head, which are symbols by
their class. Characters for private use are whatever a font makes of them."""

SPACES = "".join(each for each in map(chr, range(0x3001)) if each.isspace())
EDGES = SPACES + "\u00ad\u180e\u200b\u2060\ufeff"
"""What shows nothing, and does nothing, at the beginning or the end of a text. Joiners and marks of direction may."""


class Unfit(ValueError):
    """The text is none that is taken; says what it has, and where."""


def refuse_unfit(text: str) -> None:
    """Raises Unfit for the first character that stands in no text. Line feeds and tabs are for those who know about lines."""
    if text.isascii() and not has_controls(text.encode()):
        return
    flag_end, has_isolates = 0, False
    for found in UNFIT.finditer(text):
        character, at = found[0], found.start()
        if at < flag_end:
            continue
        if character in OPENING or character == CLOSING:
            has_isolates = True
        elif character >= "\U000e0000" and (flag := FLAG.match(text, at - 1)) is not None:
            flag_end = flag.end()
        else:
            raise Unfit(told(character, at))
    if has_isolates:
        refuse_open_isolates(text)
    for pattern, why in ROWS:
        if row := pattern.search(text):
            raise Unfit(f"{why}, the first of them {name(row[0][0])} {place(row.start())}")


def has_controls(text: bytes) -> bool:
    """Whether ASCII holds controls; ten times as fast as a regular expression says it."""
    return len(text.translate(None, ASCII_CONTROLS)) < len(text)


def refuse_breaks(text: str) -> None:
    """Raises Unfit for the first character that ends a line, or is a tab."""
    if found := BREAKS.search(text):
        raise Unfit(f"{name(found[0])} {place(found.start())} has no place in a single line")


def refuse_open_isolates(text: str) -> None:
    """Raises Unfit unless what isolates open is closed on its line: at its end Unicode's algorithm forgets it, and whoever
    puts the line into another one does not."""
    opened: list[int] = []
    for found in IN_ORDER.finditer(text):
        if found[0] in OPENING:
            opened.append(found.start())
        elif found[0] != CLOSING:
            if opened:
                break
        elif opened:
            opened.pop()
        else:
            raise Unfit(f"{name(CLOSING)} {place(found.start())} closes nothing")
    if opened:
        raise Unfit(f"{name(text[opened[0]])} {place(opened[0])} is not closed on its line by U+2069")


def told(character: str, at: int) -> str:
    """Why a character stands in no text."""
    what = f"{name(character)} {place(at)}"
    if unicodedata.category(character) == "Cc":
        return f"{what} is a control character"
    if "\u202a" <= character <= "\u202e":
        return f"{what} shows text in another order than it is written; use isolates, U+2066 to U+2069"
    if character >= "\U000e0000" and character <= "\U000e007f":
        return f"{what} shows nothing, and hides text"
    if unicodedata.category(character) == "Cf":
        return f"{what} is not for text"
    return f"{what} is no character"


def name(character: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def place(at: int) -> str:
    return f"(character {at + 1})"


def is_visible(text: str) -> bool:
    return VISIBLE.search(text) is not None


def names_of(text: str) -> Iterator[str]:
    """The characters of a text that shows nothing, each once."""
    return (name(each) for each in dict.fromkeys(text))
