"""Which passwords will do, and what is compared of them."""

from __future__ import annotations

import re
import unicodedata

from server.auth.failures import WeakPassword
from server.auth.passwords import strength
from server.rpc.failures import Violation

MIN_PASSWORD, MAX_PASSWORD = 12, 128  # code points
DEMO_PASSWORD = "gazette-demo-only"  # noqa: S105 - known to everyone, and so worth nothing outside development
OWN_WORD = re.compile(r"[^\W_]{4,}")
KNOWN_WORD = re.compile(r"[^\W_]{3,}")
SERVICE = ("gazette",)
ADVICE = "take four or more words that have nothing to do with each other, or let a password manager make one"


def normal(password: str) -> str:
    """The password as it is counted, judged, compared and hashed, however a keyboard composed it (NIST SP 800-63B section
    5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def is_demo(password: str) -> bool:
    """Whether what is verified is the demo's password, however it is written."""
    return normal(password) == DEMO_PASSWORD


def check_password(password: str, *own: str, field: str = "password") -> None:
    """Raises WeakPassword that names the request's field, and says what is wrong and how to mend it. `own` is what everybody
    knows of the account. Judging may take long: see `strength`."""
    check_form(password, *own, field=field)
    refuse_weak(strength.weakness(normal(password), known_words(*own)), field)


def check_form(password: str, *own: str, field: str = "password") -> None:
    """Raises WeakPassword for what is seen at once: too short or too long, the demo's, or with one of the account's words."""
    shown = normal(password)
    if not (MIN_PASSWORD <= len(shown) <= MAX_PASSWORD and len(password) >= MIN_PASSWORD):
        raise WeakPassword(Violation(field, f"has not between {MIN_PASSWORD} and {MAX_PASSWORD} characters"))
    folded = shown.casefold()
    if DEMO_PASSWORD in folded:
        raise WeakPassword(Violation(field, "is the demo's password, which everybody knows; take another"))
    if any(word in folded for word in OWN_WORD.findall(normal(" ".join(own)).casefold())):
        raise WeakPassword(Violation(field, "contains a word of the account's or the organisation's own; leave that out"))


def refuse_weak(weakness: str, field: str) -> None:
    """Raises WeakPassword if there is a weakness."""
    if weakness:
        raise WeakPassword(Violation(field, f"{weakness}; {ADVICE}"))


def known_words(*texts: str) -> tuple[str, ...]:
    """The words of the texts and of the service, which whoever guesses tries first."""
    return (*SERVICE, *dict.fromkeys(KNOWN_WORD.findall(normal(" ".join(texts)).casefold())))
