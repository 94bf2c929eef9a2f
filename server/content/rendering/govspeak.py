"""Govspeak's own marks, as GOV.UK's writers know them (alphagov/govspeak, MIT), and the abbreviations of kramdown.

Marks stand on lines of their own. Those that need nothing but their text become the HTML that Govspeak makes of them, around
Markdown that the parser then takes as any other. Those that need something that is not here (an attachment by its name, a
contact) stay as they are written, and are named.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from server.content.rendering import notices as kinds
from server.content.rendering.notices import Notices, shown


class Box(NamedTuple):
    """What a pair of marks puts its text into."""

    end: str
    before: str
    after: str = "</div>"


def boxed(name: str, mark: str, more: str = "") -> Box:
    return Box(mark, f'<div class="{name}"{more}>')


BOXES = {
    "$CTA": boxed("call-to-action", "$CTA"),
    "$AI": boxed("additional-information", "$AI"),
    "$C": boxed("contact", "$C"),
    "$D": boxed("form-download", "$D"),
    "$P": boxed("place", "$P"),
    "$I": boxed("information", "$I"),
    "$E": boxed("example", "$E"),
    "$!": boxed("summary", "$!"),
    "$A": Box("$A", '<div class="address"><div class="adr org fn">', "</div></div>"),
    "{::highlight-answer}": boxed("highlight-answer", "{:/highlight-answer}"),
    "{stat-headline}": Box("{/stat-headline}", '<aside class="stat-headline">', "</aside>"),
}
ADDRESS = "$A"
CALLOUTS = {
    "^": '<div role="note" aria-label="Information" class="application-notice info-notice">',
    "%": '<div role="note" aria-label="Warning" class="application-notice help-notice">',
    "@": '<div role="note" aria-label="Important" class="advisory">',
}
IMPORTANT = "@"

ANY = re.compile(
    r"\}[ \t]*#*[ \t]*$|^ {0,3}(?:[$^%@]|\{|s\d+\.\s|x\[|\*\[|!!\d)|\{\{|\{[:bs/]|\[[A-Za-z]+:|:[a-z-]+:"
    r"|[^*\\]\*\[[^\[\]\n]{1,100}\]:",
    re.MULTILINE,
)
"""Without one of these there is nothing to do."""
OPENS = re.compile(r" {0,3}(\$(?:CTA|AI|[ACDPIE!])(?=\s|\Z)|\{::highlight-answer\}|\{stat-headline\})[ \t]*(.*)")
CLOSES = re.compile(r"(.*?)(\$(?:CTA|AI|[ACDPIE!])|\{:/highlight-answer\}|\{/stat-headline\})[ \t]*\Z")
CALLOUT = re.compile(r" {0,3}([\^%@])((?:(?!\1).)+)\1[ \t]*\Z")
STEP = re.compile(r"[ \t]*s\d+\.\s+(\S.*)")
EXTERNAL = re.compile(r" {0,3}x(\[[^\]]*\]\([^)]*\))x[ \t]*\Z")
EXPLANATION = r"(?<![\w*\\])\*\[[^\[\]]{1,100}\]:(?![^*]*\*)"
"""Of an abbreviation, where it is none: in a quotation, or without a word. With another asterisk it is emphasis."""
ABBREVIATION = re.compile(r" {0,3}\*\[([^\]]{1,100})\]:[ \t]*(\S.*?)[ \t]*\Z")
HEADING = re.compile(r" {0,3}#{1,6}[ \t]")
UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
BRACES = re.compile(r"(.*)\{([^{}]*)\}[ \t]*#*[ \t]*\Z")
OF_HEADING = re.compile(r"\s*(?:[#.][^\s#.=]+\s*)+")
FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*\Z)|~{3,})")
RAW = re.compile(r" {0,3}<(?:(pre|script|style|textarea)(?=[\s>]|\Z)|!--)", re.IGNORECASE)
CODE = re.compile(r"(`+)(?:(?!\1).)*+\1")
NAMED = re.compile(
    r"^ {0,3}\$(?:(?:End)?LegislativeList|PriorityList:\d+|CTA|AI|[ACDPIE!])(?=\s|\Z)|^ {0,3}!!\d+(?=\s|\Z)"
    r"|\{:{1,2}[A-Za-z/.#\s][^{}]{0,100}\}|\{/?(?:barchart|button|stat-headline)[^{}]{0,100}\}|\{\{embed:[^{}]{1,200}\}\}"
    r"|!?\[(?:InlineAttachment|AttachmentLink|Attachment|Image|Contact|embed):[^\[\]]{1,200}\](?!\()"
    rf"|:(?:england-wales|england|scotland|wales|london|northern-ireland):|{EXPLANATION}"
)


@dataclass(slots=True)
class Prepared:
    """Markdown as the parser gets it."""

    text: str
    lines: list[int] = field(default_factory=list)
    """The line on which each of its lines was written; empty if they are the same."""
    abbreviations: dict[str, str] = field(default_factory=dict)
    """Short forms and what they stand for, as they are written."""
    defined: dict[str, int] = field(default_factory=dict)
    """The lines on which the short forms are defined."""


def prepared(body: str, found: Notices) -> Prepared:
    if ANY.search(body) is None:
        return Prepared(body)
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    text = [*prose(lines)]
    ends: dict[str, list[int]] = defaultdict(list)
    for at in text:
        if (match := CLOSES.match(lines[at])) is not None:
            ends[match[2]].append(at)
    return Writing(lines, set(text), ends, found).done()


def prose(lines: list[str]) -> Iterator[int]:
    """The numbers of the lines that are no code and no raw HTML, from 0."""
    fence = raw = ""
    is_code, was_blank = False, True
    for at, line in enumerate(lines):
        if fence:
            stripped = line.strip(" \t")
            if len(stripped) >= len(fence) and not stripped.strip(fence[0]) and len(line) - len(line.lstrip(" ")) < 4:
                fence = ""
            continue
        if raw:
            raw = "" if raw in line.lower() else raw
            continue
        is_blank = not line.strip(" \t")
        is_code = not is_blank and line.startswith(("    ", "\t")) and (was_blank or is_code)
        was_blank = is_blank
        if is_code or is_blank:
            continue
        if (match := FENCE.match(line)) is not None:
            fence = match[1]
        elif (match := RAW.match(line)) is not None:
            end = f"</{match[1].lower()}>" if match[1] else "-->"
            raw = "" if end in line[match.end() :].lower() else end
        else:
            yield at


@dataclass(slots=True)
class Writing:
    """One pass over the lines."""

    lines: list[str]
    text: set[int]
    ends: Mapping[str, list[int]]
    found: Notices
    out: list[str] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    abbreviations: dict[str, str] = field(default_factory=dict)
    defined: dict[str, int] = field(default_factory=dict)
    open: list[tuple[int, str]] = field(default_factory=list)
    """The boxes that the line is in: where each ends, and its mark."""
    at: int = 0

    def done(self) -> Prepared:
        is_start = True
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if self.at in self.text:
                is_start = self.write_prose(line, is_start)
            else:
                self.put(line)
                is_start = not line.strip()
            self.at += 1
        return Prepared("\n".join(self.out), self.origins, self.abbreviations, self.defined)

    def put(self, *lines: str) -> None:
        self.out += lines
        self.origins += [self.at + 1] * len(lines)

    def put_html(self, html: str) -> None:
        """With blank lines around it, or the parser would take what follows for HTML too."""
        self.put("", html, "")

    def write_prose(self, line: str, is_start: bool) -> bool:
        """Whether a paragraph may begin on the line after it."""
        if self.open and self.open[-1][0] == self.at:
            _, mark = self.open.pop()
            self.put_text(line.rstrip(" \t").removesuffix(BOXES[mark].end), mark, is_last=True)
            self.put_html(BOXES[mark].after)
        elif (match := OPENS.match(line)) is not None and self.write_box(match[1], match[2]):
            pass
        elif (match := CALLOUT.match(line)) is not None:
            self.put_html(CALLOUTS[match[1]])
            said = match[2].strip()
            self.put(f"<strong>{said}</strong>" if match[1] == IMPORTANT else said)
            self.put_html("</div>")
        elif STEP.match(line):
            self.write_steps()
        elif (match := EXTERNAL.match(line)) is not None:
            self.put(match[1])
        elif (match := ABBREVIATION.match(line)) is not None and (is_start or not match[2].endswith("*")):
            self.define(match[1], match[2])
            if is_start:
                self.put("")
            return is_start  # within a paragraph it is no line of that
        else:
            self.put_text(self.unbraced(line), self.open[-1][1] if self.open else "")
            return False
        return True

    def define(self, short: str, long: str) -> None:
        """What the abbreviation stands for; the last time that it is explained counts, as in kramdown."""
        if self.abbreviations.get(short, long) != long:
            message = f"the abbreviation {shown(short)} is explained again further down; the last explanation holds"
            self.found.add(kinds.ABBREVIATION_UNUSED, message, self.defined[short])
        self.abbreviations[short] = long
        self.defined[short] = self.at + 1

    def unbraced(self, line: str) -> str:
        """A heading that ends in braces: unless they hold an id or classes, they are its text."""
        match = BRACES.match(line)
        if match is None or OF_HEADING.fullmatch(match[2]) is not None or match[1].count("`") % 2:
            return line
        is_heading = HEADING.match(line) or (self.at + 1 < len(self.lines) and UNDERLINE.fullmatch(self.lines[self.at + 1]))
        return f"{match[1]}&#123;{line[match.start(2) :]}" if is_heading else line  # the parser minds no backslash there

    def write_box(self, mark: str, rest: str) -> bool:
        """Whether there is one: its other mark stands on this line or on a later one, within the box that this is in."""
        box = BOXES[mark]
        if (stripped := rest.rstrip(" \t")).endswith(box.end) and stripped != box.end:
            self.put_html(box.before)
            self.put_text(stripped.removesuffix(box.end), mark, is_last=True)
            self.put_html(box.after)
            return True
        ends = self.ends.get(box.end, [])
        after = bisect_right(ends, self.at)
        if after == len(ends) or (self.open and ends[after] >= self.open[-1][0]):
            return False
        self.open.append((ends[after], mark))
        self.put_html(box.before)
        if stripped:
            self.put_text(stripped, mark)
        return True

    def put_text(self, line: str, mark: str, *, is_last: bool = False) -> None:
        """Lines of an address are lines for its readers, too."""
        if not line.strip():
            return
        self.name_marks(line)
        if mark != ADDRESS:
            self.put(line)
        else:
            self.put(line.strip() if is_last or self.is_last_of_paragraph() else f"{line.strip()}\\")

    def is_last_of_paragraph(self) -> bool:
        """Whether no text follows on the next line: there, a break would be a backslash."""
        if self.at + 1 not in self.text:
            return True
        if not self.open or self.open[-1][0] != self.at + 1:
            return False
        end = BOXES[self.open[-1][1]].end
        return not self.lines[self.at + 1].rstrip(" \t").removesuffix(end).strip()

    def write_steps(self) -> None:
        self.put_html('<ol class="steps">')
        while (match := STEP.match(self.lines[self.at])) is not None:
            self.put_html("<li>")
            self.put(match[1])
            self.name_marks(match[1])
            self.put_html("</li>")
            if self.at + 1 not in self.text or STEP.match(self.lines[self.at + 1]) is None:
                break
            self.at += 1
        self.put_html("</ol>")

    def name_marks(self, line: str) -> None:
        if "`" in line:
            line = CODE.sub("", line)
        for match in NAMED.finditer(line):
            message = f"{shown(match[0])} is no mark that is rendered here; it stands in the text as it is written"
            self.found.add(kinds.MARK_NOT_RENDERED, message, self.at + 1)
