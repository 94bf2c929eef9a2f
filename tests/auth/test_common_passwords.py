"""Common passwords: what everybody tries first is refused, and nothing else."""

from __future__ import annotations

import time

import pytest

from server.auth import failures
from server.auth.passwords import rules as password_rules
from server.auth.passwords.common import is_common, words

LISTED = ["password1234", "qwertyuiop12", "1qaz2wsx3edc", "finalfantasy", "leavemealone", "needforspeed", "zaq1xsw2cde3"]
DECORATED = [
    "Password123!",
    "iloveyou2026",
    "!!Sunshine!!",
    "dragon123456",
    "Administrator",
    "ADMINISTRATOR-1",
    "1234567890password",
]
REPEATED = ["passwordpassword", "qwertyqwerty", "abcabcabcabc", "aaaaaaaaaaaa", "121212121212", "kx7#kx7#kx7#", "monkeymonkeym"]
RUNS = ["123456789012", "098765432109", "abcdefghijkl", "zyxwvutsrqpo"]
WIDE = ["ｐａｓｓｗｏｒｄ１２３４", "PASSWORD①②③④", "ﬁnalfantasy"]


@pytest.mark.parametrize("password", LISTED + DECORATED + REPEATED + RUNS + WIDE)
def test_what_is_tried_first_is_refused(password: str) -> None:
    """In whatever case and width, with figures and signs around it, or several times."""
    with pytest.raises(failures.WeakPassword) as caught:
        password_rules.check_password(password, field="new_password")
    (violation,) = caught.value.violations
    assert violation == ("new_password", "is a common password, or a common word with little added to it")


@pytest.mark.parametrize(
    "password",
    [
        "violet-harbour-lantern",
        "correct horse battery staple",
        "84620174629183",
        "7391-a-582043",
        "a-secret-of-mine",
        "dragonmonkeysunshine",
        "password, so they say",
        "harbour-lantern-harbour-lantern",
        "tr0ub4dor&3xy",
        "пароль из слов",
    ],
)
def test_nothing_else_is(password: str) -> None:
    """A phrase may have common words in it, and a password need not have letters, figures or signs."""
    password_rules.check_password(password)


def test_the_list_is_long() -> None:
    """Thirty thousand passwords, and the first of them is what it always was."""
    assert len(words()) >= 30_000
    assert {"123456", "password", "qwerty", "letmein"} <= words()


def test_asking_costs_little() -> None:
    """However a password of 128 characters is made up, whether it is common is known at once."""
    words()
    start = time.process_time()
    for password in ("a" * 127 + "b", "ab" * 63 + "c", "1" * 127 + "a", "password" * 16, "-" * 128):
        is_common(password)
    assert time.process_time() - start < 0.05
