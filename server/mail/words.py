"""How names, lists and times stand in a mail.

Names are chosen by people, and some would like a mail of ours to say something else: nothing that a mail program could take
for a link, a line or a direction of writing is left of them.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from server.rpc.failures import cut

MAX_NAME = 80
PUNCTUATION = frozenset(".,'’-–&()·")
"""What a name may have beside letters, marks, digits and spaces."""
DOT = re.compile(r"\.(?=\w)")


def plain(name: str) -> str:
    """The name without what could be read as anything but a name: `J.R.R. Tolkien` as `J. R. R. Tolkien`, `https://evil.example/`
    as `httpsevil. example`."""
    kept = (each if is_plain(each) else " " for each in name if each not in "/:@")
    return cut(DOT.sub(". ", " ".join("".join(kept).split())), MAX_NAME) or "somebody"


def is_plain(character: str) -> bool:
    return character in PUNCTUATION or unicodedata.category(character)[0] in "LMN"


def listed(names: list[str]) -> str:
    """The names as one text: `A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def in_words(moment: datetime) -> str:
    """The time in UTC, such as `Tuesday 3 March 2026, 12:00 UTC`."""
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} UTC"
