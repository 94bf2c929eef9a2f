"""Whether a secret is one: neither a sample, nor on public lists, nor made of words, repetitions or sequences.

A secret is to be random bytes, written as hex or base64. What is random looks so in every reading: zxcvbn finds next to nothing
in it that is shorter than guessing character by character.
"""

from __future__ import annotations

import base64
import binascii
import string
import warnings
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from math import log10
from pathlib import Path

SAMPLE_MARK = "sample-only"
SECRET_BYTES = 32
JUDGED = 36
"""How many characters are judged, from the beginning and from the end: more would only make the start slow."""
DENSITY = 0.75
"""How many tenfolds of guesses each character must be worth. Hex has 0.9 at least, base64 0.95; what a sample says 0.7."""
PASSWORD_GUESSES = 6.0
"""The decimal logarithm of how many guesses a password between servers must withstand: those who try come over the network."""
GIVEN_AWAY = [
    "sampleonly",
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "pleasechange",
    "placeholder",
    "supersecret",
    "mysecret",
    "yoursecret",
    "secretkey",
    "jwtsecret",
    "topsecret",
    "notsecret",
    "secrethere",
    "keyhere",
    "example",
    "insecure",
    "password",
    "passphrase",
    "letmein",
    "donotuse",
    "yourkey",
    "bitsecret",
]
"""Words, without what is between them, that stand in no random text and in many samples."""
SAMPLE_PASSWORDS = {
    "gazette",
    "gazette_owner",
    "postgres",
    "postgresql",
    "redis",
    "minio",
    "minioadmin",
    "admin",
    "root",
    "secret",
    "test",
    "guest",
    "default",
    "example",
    "foobared",
    "server",
    "owner",
    "user",
    "pass",
    "db",
    "database",
}


def weakness(secret: str) -> str:
    """Why the secret is none, such as `stands on public lists`, or nothing."""
    return obvious_weakness(secret) or hidden_weakness(secret)


def obvious_weakness(secret: str) -> str:
    if GIVEN_AWAY[0] in letters(secret):
        return "is the sample of .env.example"
    if len(secret.encode()) < SECRET_BYTES:
        return f"is shorter than {SECRET_BYTES} bytes"
    return ""


def hidden_weakness(secret: str) -> str:
    if any(each in letters(secret) for each in GIVEN_AWAY):
        return "is a sample, and no secret"
    if secret in listed():
        return "stands on public lists of secrets"
    if any(map(is_guessed, {secret[:JUDGED], secret[-JUDGED:]})) or any(map(is_monotonous, decoded(secret))):
        return "is easily guessed: it is made of words, repetitions or sequences, and no random text"
    return ""


def password_weakness(password: str, user: str = "") -> str:
    """Why a password for a database, say, is none, or nothing. Without one the server is trusted to know who calls."""
    if not password:
        return ""
    plain = password.strip().casefold()
    if any(each in letters(password) for each in GIVEN_AWAY) or plain in SAMPLE_PASSWORDS or plain == user.casefold():
        return "is a sample, and known to everybody"
    if log_guesses(password[:JUDGED]) < PASSWORD_GUESSES:
        return "is easily guessed"
    return ""


def are_alike(one: str, other: str) -> bool:
    """Whether who has one of them has the other: they are the same but for case and signs, or one stands in the other."""
    shorter, longer = sorted((plain(one), plain(other)), key=len)
    return len(shorter) >= SECRET_BYTES // 2 and shorter in longer


def plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.casefold()))


def is_guessed(text: str) -> bool:
    return log_guesses(text) < DENSITY * len(text)


def log_guesses(text: str) -> float:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its words take 15 MB, which development never needs

    return log10(zxcvbn(text)["guesses"])


def decoded(text: str) -> Iterator[bytes]:
    """What the text stands for, where it is hex or base64."""
    if len(text) % 2 == 0 and all(each in string.hexdigits for each in text):
        yield bytes.fromhex(text)
    try:
        yield base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_" if set(text) & {"-", "_"} else None, validate=True)
    except (binascii.Error, ValueError):
        return


def is_monotonous(content: bytes) -> bool:
    """Whether the bytes are a text, come again and again, or count up or down. Random ones never are."""
    steps = {(after - before) % 256 for before, after in pairwise(content)}
    is_text = all(0x20 <= each < 0x7F for each in content)
    return is_text or len(set(content)) < len(content) // 4 or len(steps) < len(content) // 4


@cache
def listed() -> frozenset[str]:
    """Secrets that stand in public repositories and answers to questions."""
    from flask_unsign_wordlist import get  # noqa: PLC0415 - 56,000 lines, which development never needs

    lines = Path(get("all")).read_text(errors="replace").splitlines()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that are none
        return frozenset(text for line in lines for text in written(line.strip()))


def written(line: str) -> tuple[str, ...]:
    """The secret of a line, which is quoted as Python quotes it, as it is and as it is meant."""
    text = line[1:-1] if len(line) > 1 and line[0] == line[-1] and line[0] in "'\"" else line
    meant = text.encode("latin-1", "backslashreplace").decode("unicode_escape", "replace") if "\\" in text else text
    return (text.strip(), meant.strip())
