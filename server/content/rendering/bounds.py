"""How much may come of what is saved, so that it can be published and served: a refusal names the number and the limit."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

import pyromark

from server.content.rendering.commonmark import OPTIONS
from server.rpc.objects import LargeObject, loaded

MAX_DEPTH = 200
"""Elements within elements. Sanitising takes time by the square of it, and browsers give up at 512."""
MAX_HTML = 16 << 20
"""Characters of HTML that are looked at at all; most of what comes of them is dropped."""
MAX_PAGE_BYTES = 7 << 19
"""Of HTML and details, as UTF-8: of the 4 MiB that a message may have, half a mebibyte is left for all else of a page."""
MAX_FILLED_CELLS = 250_000
"""Cells that a table's short rows lack. The parser fills up 262,144 and takes what follows for text."""
MIN_EXPANSION = 100_000
"""Characters that links by reference may grow to, however short the text: the parser leaves the rest as text. So may
abbreviations."""

EMPTY = "area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr"
"""Elements that hold nothing."""
NEVER_IN_THEMSELVES = "a|button|dd|dt|li|p|option|rp|rt|td|th|tr|tbody|thead|tfoot"
"""Of these one that begins ends the one before: they go deeper only with others between them, which are counted."""
TAG = re.compile(rf"<(/?)(?!(?:{EMPTY}|{NEVER_IN_THEMSELVES})[\s/>])([a-z][^\s/>]*)")
LABEL = re.compile(r"\[([^\[\]]{1,999})\]")


class TooMuch(Exception):
    """More would come of it than may. `args` are the field and what is wrong with it; another process raises it too."""

    @property
    def field(self) -> str:
        return str(self.args[0])

    @property
    def description(self) -> str:
        return str(self.args[1])


def check_references(markdown: str, field: str) -> None:
    """Raises TooMuch where links by reference would make more of the text than the parser does."""
    if "]:" not in markdown:
        return
    known = {folded(label): len(to["dest"]) + len(to["title"] or "") for label, to in definitions(markdown).items()}
    if not known:
        return
    used = Counter(folded(label) for label in LABEL.findall(markdown))
    expansion = sum(used[label] * length for label, length in known.items())
    check_expansion(expansion, len(markdown), "its links by reference", field)


def check_expansion(expansion: int, size: int, what: str, field: str) -> None:
    """For what is written once and repeated in many places, in a text of this size. Raises TooMuch."""
    if expansion > (limit := max(size, MIN_EXPANSION)):
        raise TooMuch(field, f"{what} would grow to {expansion} characters, and may to {limit}")


def definitions(markdown: str) -> dict[str, Any]:
    return dict(pyromark.reference_definitions(markdown, options=OPTIONS))


def folded(label: str) -> str:
    """Labels that are equal for Markdown are equal (CommonMark 0.31 section 4.7)."""
    return " ".join(label.split()).casefold()


def check_cells(html: str, field: str) -> None:
    if (cells := html.count("<td></td>")) > MAX_FILLED_CELLS:
        raise TooMuch(field, f"its tables would get {cells} empty cells, and may have {MAX_FILLED_CELLS}")


def check_html(html: str, field: str) -> None:
    """For HTML that is yet to be sanitised. Raises TooMuch."""
    if len(html) > MAX_HTML:
        raise TooMuch(field, f"would become {len(html)} characters of HTML, and may {MAX_HTML}")
    if (depth := depth_of(html)) > MAX_DEPTH:
        raise TooMuch(field, f"nests elements {depth} deep, and may {MAX_DEPTH}")


def depth_of(html: str) -> int:
    """How deep elements nest, judged by their tags alone, which is right but for what is badly broken."""
    if html.count("<") <= MAX_DEPTH:
        return 0
    open_tags: dict[str, int] = defaultdict(int)
    depth = deepest = 0
    for closing, name in TAG.findall(html.lower()):
        if not closing:
            open_tags[name] += 1
            depth += 1
            deepest = max(deepest, depth)
        elif open_tags[name]:
            open_tags[name] -= 1
            depth -= 1
    return deepest


def check_count(count: int, limit: int, what: str, field: str) -> None:
    """Raises TooMuch."""
    if count > limit:
        raise TooMuch(field, f"has {count} {what}, and may have {limit}")


def check_page(html_bytes: int, details_bytes: int, field: str) -> None:
    """Raises TooMuch for what no answer could carry."""
    if (size := html_bytes + details_bytes) > MAX_PAGE_BYTES:
        with_details = " together with its details" if details_bytes else ""
        raise TooMuch(field, f"would make a page of {size} bytes{with_details}, and may make one of {MAX_PAGE_BYTES}")


def size_of(value: Any) -> int:
    """Bytes of a JSON value as a google.protobuf.Value, or of a dict or an object as a Struct within one."""
    if isinstance(value, LargeObject):
        return len(value.struct) + prefix(len(value.struct)) if value.struct else size_of(loaded(value))
    if isinstance(value, str):
        size = len(value.encode())
        return size + prefix(size)
    if isinstance(value, dict):
        entries = 0
        for key, each in value.items():
            name, held = len(key.encode()), size_of(each)
            entry = name + prefix(name) + held + prefix(held)
            entries += entry + prefix(entry)
        return entries + prefix(entries)
    if isinstance(value, list):
        items = 0
        for each in value:
            held = size_of(each)
            items += held + prefix(held)
        return items + prefix(items)
    return 9 if isinstance(value, float | int) and not isinstance(value, bool) else 2


def prefix(size: int) -> int:
    """Bytes of a field's number and its length."""
    return 2 + (size.bit_length() - 1) // 7 if size else 2
