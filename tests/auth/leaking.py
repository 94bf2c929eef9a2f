"""Passwords as they leak: what people do to words, names, dates and keys when they are asked for a long one."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import chain, product

from zxcvbn.frequency_lists import FREQUENCY_LISTS

COMMON = FREQUENCY_LISTS["passwords"]
WORDS: list[str] = [each for each in COMMON[:4000] if each.isalpha() and len(each) > 3]
NAMES = [*FREQUENCY_LISTS["male_names"][:400], *FREQUENCY_LISTS["female_names"][:400]]
SURNAMES = FREQUENCY_LISTS["surnames"][:1000]
KEYS = (
    "1qaz2wsx3edc4rfv",
    "qwertyuiop[]",
    "1q2w3e4r5t6y7u8i",
    "zxcvbnm,./asdf",
    "qazwsxedcrfvtgb",
    "0987654321qwer",
    "poiuytrewq1234",
)
SEASONS = (
    "Spring",
    "Summer",
    "Autumn",
    "Winter",
    "January",
    "December",
    "Monday",
    "Welcome",
    "Password",
    "Changeme",
    "Letmein",
    "Admin",
)
L33T = str.maketrans("aeios", "@310$")


def variants(seed: int, count: int) -> list[str]:
    """So many of twelve characters or more of each kind, the same for the same seed."""
    chance = random.Random(seed)
    made = chain.from_iterable(long_ones(make, chance, count) for make in MAKERS)
    return [*made, *fixed()]


def long_ones(make: Callable[[random.Random], str], chance: random.Random, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        if len(password := make(chance)) >= 12:
            found.append(password)
    return found


def fixed() -> list[str]:
    """Keys beside each other, seasons with a year, and long ones from zxcvbn's list, in other capitals and said again."""
    seasons = [f"{season}{sign}{year}!!" for season, sign, year in product(SEASONS, ("", "-", "@", " "), (1999, 2024, 2026))]
    listed = [each for each in COMMON if len(each) >= 12]
    twice = [f"{each}{sign}{each}" for each, sign in product(WORDS[:60], ("", " ", "-")) if len(each) > 5]
    return [*KEYS, *(each[::-1] for each in KEYS), *filter(lambda each: len(each) >= 12, seasons), *listed,
            *map(str.title, listed), *map(str.upper, listed), *(each[::-1] for each in listed), *twice]  # fmt: skip


def cased(text: str, chance: random.Random) -> str:
    return chance.choice((text, text.capitalize(), text.upper()))


def year(chance: random.Random) -> str:
    return str(chance.randint(1950, 2029))


def date(chance: random.Random) -> str:
    return f"{chance.randint(1, 28):02}{chance.randint(1, 12):02}{year(chance)}"


def word_and_year(chance: random.Random) -> str:
    end = chance.choice("!?.#*$") * chance.randint(0, 3)
    return cased(chance.choice(WORDS), chance) + chance.choice(("", "-", "_", " ")) + year(chance) + end


def l33t_and_year(chance: random.Random) -> str:
    return cased(chance.choice(WORDS), chance).translate(L33T) + year(chance) + "!"


def name_and_date(chance: random.Random) -> str:
    return cased(chance.choice(NAMES), chance) + chance.choice(("", " ", ".")) + date(chance)


def full_name(chance: random.Random) -> str:
    return chance.choice((" ", ".", "")).join((cased(chance.choice(NAMES), chance), cased(chance.choice(SURNAMES), chance)))


def two_words(chance: random.Random) -> str:
    return chance.choice((" ", "-", "")).join(cased(each, chance) for each in chance.sample(WORDS, 2))


def two_dates(chance: random.Random) -> str:
    return date(chance) + date(chance)


def backwards(chance: random.Random) -> str:
    return chance.choice(WORDS)[::-1] + chance.choice(("", "-")) + year(chance) + "!"


def word_twice_and_year(chance: random.Random) -> str:
    return chance.choice(("", " ", "-")).join([cased(chance.choice(WORDS), chance)] * 2) + year(chance)


def two_passwords(chance: random.Random) -> str:
    one, other = chance.sample(COMMON[:2000], 2)
    return f"{one}{other}"


def digits_in_groups(chance: random.Random) -> str:
    return "".join(str(chance.randint(0, 9)) * 3 for _ in range(4))


MAKERS = (
    word_and_year,
    l33t_and_year,
    name_and_date,
    full_name,
    two_words,
    two_dates,
    backwards,
    word_twice_and_year,
    two_passwords,
    digits_in_groups,
)
