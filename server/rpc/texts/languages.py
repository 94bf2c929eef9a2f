"""Tags of languages (BCP 47), each in its one canonical form (RFC 5646 section 4.5), by the registry that `langcodes` has."""

from __future__ import annotations

import re
from functools import lru_cache

from langcodes import Language, standardize_tag
from langcodes.tag_parser import LanguageTagError

from server.rpc.texts.characters import EDGES, Unfit

PRIMARY = re.compile("([a-z]{2,3}|x)(-|$)")
"""What a tag begins with: four letters are reserved, and nothing longer was ever registered."""
MAX_LENGTH = 35
"""Characters: what RFC 5646 section 4.4.1 asks everybody to have room for."""
HELD = 1_000
"""Tags that are remembered; the public asks for a dozen."""
KEPT = 5_000
"""Tags that `langcodes` may remember, which by itself forgets none: the public chooses them."""


@lru_cache(HELD)
def canonical(tag: str) -> str:
    """`en-GB` for `en-gb`, `he` for `iw`, `en` for `en-Latn`; nothing for nothing. Raises Unfit."""
    plain = tag.strip(EDGES) if len(tag) <= 2 * MAX_LENGTH else tag
    if not plain:
        return ""
    if len(plain) > MAX_LENGTH:
        raise Unfit(f"is longer than {MAX_LENGTH} characters, and no tag of a language (BCP 47)")
    if "_" in plain:
        raise Unfit(f"is no tag of a language (BCP 47): write {shown(plain.replace('_', '-'))}, with hyphens")
    found = standard(plain)
    if found is None or has_repetitions(plain.lower()):
        raise Unfit("is no tag of a language (BCP 47), such as en-GB")
    return found


def standard(tag: str) -> str | None:
    """None for what is no tag."""
    if not tag.isascii():
        return None
    try:
        found = standardize_tag(tag)
        return found if PRIMARY.match(found) else None
    except LanguageTagError:
        return None
    finally:
        if len(Language._PARSE_CACHE) > KEPT:
            Language._PARSE_CACHE.clear()
            Language._INSTANCES.clear()


def shown(tag: str) -> str:
    """What somebody probably means."""
    return standard(tag) or tag


def has_repetitions(tag: str) -> bool:
    """Whether a variant or an extension comes twice (RFC 5646 section 2.2.9)."""
    subtags, _, _ = tag.partition("-x-")
    before, *extensions = split_at_singletons(subtags.split("-"))
    variants = [each for each in before[1:] if len(each) > 4 or (len(each) == 4 and each[0].isdecimal())]
    return len({*variants}) < len(variants) or len({each[0] for each in extensions}) < len(extensions)


def split_at_singletons(subtags: list[str]) -> list[list[str]]:
    """The language with its subtags, and then each extension with its own."""
    parts: list[list[str]] = [[]]
    for each in subtags:
        if len(each) == 1 and parts[0]:
            parts.append([])
        parts[-1].append(each)
    return parts
