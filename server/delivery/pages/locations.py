"""Where redirects lead: the one place that makes a location, of whatever was stored and whatever is asked for (RFC 3986)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

MAX_LENGTH = 4096
"""Of all headers of an answer clients take 8 KiB."""

PARTS = re.compile(r"(https://[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
HOST = re.compile(r"https://([a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)
PCHAR = "!$&'()*+,;=:@-._~"
"""What a segment of a path holds as it is, beside letters and digits (section 3.3)."""
ENCODED = re.compile("(%[0-9A-Fa-f]{2})")
SLASHES = re.compile("/{2,}")
SEPARATORS = re.compile(r"[/\\]")


class Location(NamedTuple):
    """The parts of a target, each encoded."""

    origin: str
    """`https://…`, or nothing for a path of this site."""
    path: str
    query: str
    """With its question mark, or nothing."""
    fragment: str
    """With its number sign, or nothing."""

    def __str__(self) -> str:
        return self.origin + self.path + self.query + self.fragment

    @property
    def site_path(self) -> str:
        """The path as pages are stored by it."""
        return "/" + unquote(self.path).strip("/")

    def behind(self, former: Location) -> Location:
        """This one for who comes from a place that leads here: query and fragment of that hold on, unless this has its own (RFC
        9110 section 10.2.2 for the fragment)."""
        whole = self._replace(query=self.query or former.query, fragment=self.fragment or former.fragment)
        return whole if len(str(whole)) <= MAX_LENGTH else self


def location(target: str, suffix: str = "") -> str | None:
    """Where a redirect to `target` leads: a path of this site or an https URL, in ASCII that is safe in a header, with `suffix`
    behind its path. None where there is no such place: for what is neither, and for a suffix that names nothing."""
    parts = parsed(target)
    if parts is None or not is_named(suffix):
        return None
    if suffix:
        parts = parts._replace(path=joined(parts.path, suffix))
    made = str(parts)
    return made if len(made) <= MAX_LENGTH else None


@lru_cache(maxsize=1024)  # readers of redirects ask for the same few again and again
def parsed(target: str) -> Location | None:
    matched = PARTS.fullmatch(target)
    if matched is None:
        return None
    origin, path, query, fragment = (part or "" for part in matched.groups())
    if origin and HOST.fullmatch(origin) is None:
        return None
    if not origin and (not path.startswith("/") or path.startswith(("//", "/\\"))):
        return None
    if any(unicodedata.category(character) == "Cc" for character in target):
        return None
    rest = encoded(query, PCHAR + "/?"), fragment and "#" + encoded(fragment[1:], PCHAR + "/?")
    return Location(origin, without_dots(SLASHES.sub("/", encoded(path, PCHAR + "/"))), *rest)


def joined(path: str, suffix: str) -> str:
    below = encoded(suffix.strip("/"), PCHAR + "/")
    return SLASHES.sub("/", f"{path.rstrip('/')}/{below}")


def is_named(suffix: str) -> bool:
    """Whether a path could have such an end: nothing that cannot be seen, and nothing that would lead out of where it stands,
    however it is encoded."""
    plain = suffix
    for _ in range(3):  # some who follow a redirect decode once more than they should
        plain = unquote(plain)
    if any(unicodedata.category(character) == "Cc" for character in plain):
        return False
    return not any(segment.partition(";")[0] in {".", ".."} for segment in SEPARATORS.split(plain))


def encoded(text: str, safe: str) -> str:
    """With everything percent-encoded that may not stand there; what is encoded stays so (section 2.4)."""
    return "".join(part.upper() if at % 2 else quote(part, safe=safe) for at, part in enumerate(ENCODED.split(text)))


def without_dots(path: str) -> str:
    """Section 5.2.4, for a path that begins with a slash, or is empty."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        plain = segment.replace("%2E", ".")
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
    is_folder = bool(segments) and segments[-1].replace("%2E", ".") in {".", ".."}
    if is_folder and kept:
        kept.append("")
    return "/" + "/".join(kept) if path else ""
