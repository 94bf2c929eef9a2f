"""What rendered Markdown still lacks when it has been sanitised: footnotes as a list, ids of headings, abbreviations, and links
of bare addresses.

It works on what nh3 has written, in which every attribute is quoted and every `<` and `>` that is no tag's is escaped; and adds
nothing but its own elements around text that stays as it is.
"""

from __future__ import annotations

import html as entities
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping

from server.content.rendering import notices as kinds
from server.content.rendering.bounds import TooMuch, check_expansion
from server.content.rendering.notices import Notices, shown

MAX_ABBREVIATIONS = 500
"""Each is looked for wherever a word begins."""
MAX_ID = 100
"""Characters of a heading that make its id."""

REFERENCE = re.compile(r'<sup class="footnote-reference"><a href="#[^"]*" rel="noopener">(\d+)</a></sup>')
DEFINITION = re.compile(
    r'<div class="footnote-definition" id="[^"]*"><sup class="footnote-definition-label">(\d+)</sup>\n?|<div[ >]|</div>\n?'
)
ID = re.compile(r' id="([^"]*)"')
HEADING = re.compile(r"<h([1-6])((?: [^>]*)?)>(.*?)</h\1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
NAME = re.compile(r"<(/?)([a-z][a-z0-9]*)")
NO_LETTER = re.compile(r"^[\W\d_]+")
LEFT_ALONE = {"a", "abbr", "code", "kbd", "pre", "samp", "var"}
"""Elements whose text is no running text."""
ADDRESS = (
    r"(?P<url>(?<![\w/:.@=-])(?i:https?://|www\.)[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#](?:&amp;|[^\s<>&\"])*+)?)"
    r"|(?P<mail>(?<![\w.+/:@-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+)"
)
"""GitHub's extended autolinks, of sanitised text."""
MAY_BE_ADDRESS = re.compile(r"https?://|www\.|@", re.IGNORECASE)
ABBR = '<abbr title=""></abbr>'
TRAILING = "?!.,:*_~'\u2019"


def completed(html: str, abbreviations: Mapping[str, str], defined: Mapping[str, int], found: Notices, size: int) -> str:
    """The size is that of the Markdown, which bounds what abbreviations may add. Raises TooMuch."""
    if "footnote-" in html:
        html = with_footnotes(html)
    if "<h" in html:
        html = with_ids(html)
    if abbreviations or MAY_BE_ADDRESS.search(html):
        html = with_words(html, abbreviations, defined, found, size)
    return html


def with_footnotes(html: str) -> str:
    """Definitions in a list at the end, in the order of their numbers, each with the way back to every reference."""
    prefix = "fn"
    while f' id="{prefix}:' in html or f' id="{prefix}ref:' in html:
        prefix += "-"
    text, notes = taken_out(html)
    references: Counter[str] = Counter()

    def referring(match: re.Match[str]) -> str:
        number = match[1]
        references[number] += 1
        at = back(number, references[number])
        return f'<sup id="{prefix}ref:{at}"><a href="#{prefix}:{number}" role="doc-noteref" rel="noopener">{number}</a></sup>'

    def back(number: str, time: int) -> str:
        return number if time == 1 else f"{number}:{time}"

    text = REFERENCE.sub(referring, text)
    bodies = {number: REFERENCE.sub(referring, "".join(parts).strip()) for number, parts in sorted(notes.items(), key=order)}
    items = []
    for number, content in bodies.items():
        ways = " ".join(
            f'<a href="#{prefix}ref:{back(number, time)}" role="doc-backlink" rel="noopener">↩{time if time > 1 else ""}</a>'
            for time in range(1, references[number] + 1)
        )
        body = content
        if ways:
            body = f"{content.removesuffix('</p>')} {ways}</p>" if content.endswith("</p>") else f"{content}\n<p>{ways}</p>"
        items.append(f'<li id="{prefix}:{number}">\n{body}\n</li>\n')
    if not items:
        return text
    return f'{text}<section class="footnotes" role="doc-endnotes">\n<ol>\n{"".join(items)}</ol>\n</section>\n'


def order(note: tuple[str, list[str]]) -> int:
    return int(note[0])


def taken_out(html: str) -> tuple[str, dict[str, list[str]]]:
    """The text without the definitions of footnotes, and these by their numbers."""
    rest: list[str] = []
    notes: dict[str, list[str]] = defaultdict(list)
    open_divs: list[str | None] = []
    """Of those that are open: the number of the footnote that it defines, or None."""
    into = rest
    at = 0
    for match in DEFINITION.finditer(html):
        into.append(html[at : match.start()])
        at = match.end()
        if match[1]:
            open_divs.append(match[1])
            into = notes[match[1]]
        elif not match[0].startswith("</"):
            open_divs.append(None)
            into.append(match[0])
        elif open_divs and open_divs.pop() is not None:
            into = next((notes[number] for number in reversed(open_divs) if number is not None), rest)
        else:
            into.append(match[0])
    into.append(html[at:])
    return "".join(rest), notes


def with_ids(html: str) -> str:
    """Headings without an id get one of their words, as kramdown makes it, and a number where it is taken."""
    taken = set(ID.findall(html))
    next_number: Counter[str] = Counter()

    def named(match: re.Match[str]) -> str:
        level, attributes, content = match.groups()
        if ' id="' in attributes:
            return match[0]
        base = id_of(entities.unescape(TAG.sub("", content)))
        id = base
        while id in taken:
            next_number[base] += 1
            id = f"{base}-{next_number[base]}"
        taken.add(id)
        return f'<h{level}{attributes} id="{id}">{content}</h{level}>'

    return HEADING.sub(named, html)


def id_of(words: str) -> str:
    """In lower case, letters and digits of any script, from the first letter on. Nothing else is left that an attribute would
    have to escape."""
    begun = NO_LETTER.sub("", words.strip())[: MAX_ID * 2]
    plain = "".join("-" if each.isspace() else each for each in begun if each == "-" or each.isspace() or is_of_word(each))
    return plain[:MAX_ID].strip("-").lower() or "section"


def is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def with_words(html: str, abbreviations: Mapping[str, str], defined: Mapping[str, int], found: Notices, size: int) -> str:
    if len(abbreviations) > MAX_ABBREVIATIONS:
        raise TooMuch(found.field, f"defines {len(abbreviations)} abbreviations, and may {MAX_ABBREVIATIONS}")
    escaped = {entities.escape(short, quote=False): long for short, long in abbreviations.items()}
    titles = {short: entities.escape(" ".join(TAG.sub("", long).split())) for short, long in escaped.items()}
    longest_first = sorted(titles, key=len, reverse=True)
    short = rf"(?P<short>(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w))" if titles else r"(?P<short>(?!))"
    everything, in_links = re.compile(f"{ADDRESS}|{short}"), re.compile(short)
    used: Counter[str] = Counter()

    def changed(match: re.Match[str]) -> str:
        groups = match.groupdict()
        if groups["short"]:
            used[match[0]] += 1
            return f'<abbr title="{titles[match[0]]}">{match[0]}</abbr>'
        return linked(match[0], is_mail=bool(groups.get("mail")))

    parts: list[str] = []
    linkless = silent = 0
    at = 0
    for tag in TAG.finditer(html):
        text = html[at : tag.start()]
        if text and not silent:
            text = (in_links if linkless else everything).sub(changed, text)
        parts += (text, tag[0])
        at = tag.end()
        name = NAME.match(tag[0])
        if name is not None and name[2] in LEFT_ALONE:
            step = -1 if name[1] else 1
            linkless += step
            silent += step if name[2] != "a" else 0  # what a link says may be explained, too
    text = html[at:]
    parts.append(text if silent else (in_links if linkless else everything).sub(changed, text))
    added = sum(number * (len(titles[short]) + len(ABBR)) for short, number in used.items())
    check_expansion(added, size, "its abbreviations", found.field)
    for original, line in defined.items():
        if not used[entities.escape(original, quote=False)]:
            message = f"the abbreviation {shown(original)} is not in the text; what it stands for is left out"
            found.add(kinds.ABBREVIATION_UNUSED, message, line)
    return "".join(parts)


def linked(text: str, *, is_mail: bool) -> str:
    """A bare address as a link, without what punctuates the sentence around it."""
    closing = text.count(")") - text.count("(")
    end = len(text)
    while end and (text[end - 1] in TRAILING or (text[end - 1] == ")" and closing > 0)):
        closing -= text[end - 1] == ")"
        end -= 1
    address = text[:end].rstrip("-_") if is_mail else text[:end]
    target = f"mailto:{address}" if is_mail else address if address[:4].lower() == "http" else f"http://{address}"
    return f'<a href="{target}" rel="noopener">{address}</a>{text[len(address) :]}'
