"""Passwords that everybody tries first, and what is as good as one of them."""

from __future__ import annotations

from functools import cache

LISTS = ("passwords", "english_wikipedia")
"""Of zxcvbn: the 30,000 most common passwords of what was leaked, and as many words of English."""
LINES = ("0123456789", "abcdefghijklmnopqrstuvwxyz")
RUNS = tuple(run * 13 for line in LINES for run in (line, line[::-1]))
FEW = 4
"""How many figures and signs before or after a common word are no more than decoration."""


@cache
def words() -> frozenset[str]:
    """Loaded by the first who sets a password: it takes 60 ms and 15 MB, which most processes never need."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - see above

    return frozenset(word for name in LISTS for word in FREQUENCY_LISTS[name])


def is_common(password: str) -> bool:
    """Whether a password, normal and with its case folded, is a common one, a common one or a word with figures and signs
    around it (`password1234`, `!!sunshine2024`), or a short one several times (`abcabcabcabc`)."""
    return password in words() or is_run(password) or is_repetition(password) or is_decorated(password)


def is_run(text: str) -> bool:
    return any(text in run for run in RUNS)


def is_repetition(text: str) -> bool:
    """Whether it begins anew before it is half over, and within twelve characters: what is said twice counts once."""
    return any(text[period:] == text[:-period] for period in range(1, min(len(text) // 2, 11) + 1))


def is_decorated(text: str) -> bool:
    letters = [index for index, character in enumerate(text) if character.isalpha()]
    if not letters:
        return False
    start, end = letters[0], letters[-1] + 1
    return text[start:end] in words() and is_decoration(text[:start]) and is_decoration(text[end:])


def is_decoration(text: str) -> bool:
    return len(text) <= FEW or text in words() or is_run(text) or is_repetition(text)
