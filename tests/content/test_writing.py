"""`docs/writing.md`: each of its lines is rendered, by the real server too (C20)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from gazette.content.v1.document_pb2 import BodyFormat
from server.content.references.written import named
from server.content.rendering import notices, work
from tests.content.desk import Desk, imported
from tests.content.dom import Dom

PAGE = Path(__file__).parents[2] / "docs" / "writing.md"
MARKDOWN, HTML = BodyFormat.BODY_FORMAT_MARKDOWN, BodyFormat.BODY_FORMAT_HTML
CODE = r"(?:`` (?P<{0}2>.*?) ``|`(?P<{0}1>[^`]*)`)"
LINE = re.compile(rf"  - {CODE.format('written')} → (?:{CODE.format('result')}|nothing)(?: and (?P<reasons>[A-Z_, ]+))?")


class Example(NamedTuple):
    """A line of the page."""

    body: str
    body_format: BodyFormat.ValueType
    html: str
    reasons: set[str]


def text(quoted: str | None) -> str:
    return (quoted or "").replace("⏎", "\n").replace("U+FEFF", "\ufeff")


def examples() -> list[Example]:
    """Those of the page, in the format of their section. A line that is no example is none by its form."""
    found, body_format = [], MARKDOWN
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            body_format = HTML if line == "## HTML" else MARKDOWN
        elif line.startswith("  - "):
            match = LINE.fullmatch(line)
            assert match, f"no example: {line}"
            written, result = match["written1"] or match["written2"], match["result1"] or match["result2"]
            reasons = {*(match["reasons"] or "").split(", ")} - {""}
            found.append(Example(text(written), body_format, text(result), reasons))
    assert len(found) > 80
    return found


def test_each_line_of_the_page_is_true() -> None:
    """What the page says of a text is what becomes of it. (C20)"""
    wrong = []
    for each in examples():
        html, found = work.body_html(each.body, each.body_format, {})
        if (html.strip("\n"), {notice["reason"] for notice in found}) != (each.html, each.reasons):
            wrong.append((each.body, html, found))
    assert wrong == []


async def test_each_line_of_the_page_is_true_of_what_is_served(desk: Desk) -> None:
    """The same of every fifth through an import and GetPage, but for those that name something by an id which nothing has.
    (C20)"""
    served = [each for each in examples() if not any(named(each.html))]
    given = [(f"{desk.root}/{number}", each) for number, each in enumerate(served[::5])]
    parts = [imported(path, said={"body": each.body, "body_format": each.body_format}) for path, each in given]
    results = await desk.bring_in(*parts)
    for (path, each), result in zip(given, results, strict=True):
        page = (await desk.page_now(path, "")).page
        assert (page.html.strip("\n"), {notice.reason for notice in result.notices}) == (each.html, each.reasons), each.body


def test_the_page_lists_every_reason() -> None:
    """Reasons are stable words, each with its row. (C20)"""
    named = {value for name, value in vars(notices).items() if name.isupper() and isinstance(value, str)}
    assert {*re.findall(r"^\| `([A-Z_]+)` \|", PAGE.read_text(), re.MULTILINE)} == named


SHAPES = [
    "one\ntwo  \nthree\\\nfour",
    "# one #\n\ntwo\n---\n\n####### three",
    "> one\ntwo\n> > three\n\n>four",
    "- one\n\n  two\n+ three\n    four\n\n10. five\n11) six",
    "    one\n\ttwo\n\n~~~ three\nfive\n~~~",
    "[one](/two 'three') ![four](five.png) [six][label] [eight]\n\n[label]: /nine\n[eight]: /ten",
    "<div>one</div>\n\n<p>two **three**\n\n</p><span>four</span> <!-- remark --> five",
    "|one|two|\n|:-:|--:|\n|three|four|five|\n|six\n\nseven",
    "one | two\n- | -\nthree | four\n",
    "*one _two **three*** four_ `five` ``six ` seven`` ~eight~ ~~nine~~",
    "one[^a] two[^b]\n\n[^a]: three\n[^b]: four\n    five\n\n    six\n\n    - seven\n\neight",
    "> one[^a]\n\n- two[^a]\n\n  [^a]: three",
    "one\n: two\n\n    three\n\nfour\nfive\n: six",
    "- [ ] one\n- [x] two\n\n1. [X] three\n- [y] four",
    "> [!TIP]\n> one\n\n> [!OTHER]\n> two",
    "*[one]: two three\n\none *[four]: five",
    "$CTA\none\n\n$C\ntwo\n$C\nthree $CTA\n\n$E four $E\n\n$P\nfive",
    "```\n$C\none\n$C\n*[two]: three\ns1. four\n```\n\n    ^five^",
    "$A\none\n\ntwo  \nthree\\\nfour $A",
    "s1. one\ns2. two\n- three\n\ns3.four",
    "^one^ ^two^\n\n^three\n\n%four% five\n\n@six @seven",
    "<https://one.gov/two> https://three.gov/(four)?five=six&seven#eight. www.nine.gov, ten@eleven.gov!",
    "# one {two}\n\nthree {#four five}\n===\n\n# six {.seven}\n\n    # eight {nine}\n\n# ten { #eleven }",
    "<pre>\none\n\n*[two]: three\n$C\n</pre>\n\n<!--\n^remark^\n-->\nfour",
    "<table><tr><td>one<td>two</table><ul><li>three<li>four</ul><dl><dt>five<dd>six</dl>",
    "\ufeff---\none: two\n---\n\n+++\nthree\n+++",
    "&lt;one&gt; &#116;wo \\<three\\> 4 < five & six",
    "<details>\n<summary>one</summary>\n\ntwo\n\n</details>",
    "<figure><img src=a.png alt=three><figcaption>four</figcaption></figure>",
    "one\r\ntwo\r\n\r\n$C\r\nthree\r\n$C\r\n\r\n*[four]: five\r\n\r\nfour",
    "[one]: two\n\n[//]: # (remark)",
    "<one>two</one> <iframe>three</iframe> <video>four</video> <td>five</td>",
    "<p title='one <b>two</b>'>three</p><a href='four:five'>six</a><img src='data:seven' alt='eight'>",
]
WORD = re.compile(r"[a-z]{3,}")
NUMBERS = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"}


@pytest.mark.parametrize("body_format", [MARKDOWN, HTML])
def test_no_word_is_lost_without_a_notice(body_format: BodyFormat.ValueType) -> None:
    """Whatever shape a text has, each of its words arrives, in the text or in an attribute, or a notice says that something
    does not. (C20)"""
    for body in SHAPES:
        html, found = work.body_html(body, body_format, {})
        dom = Dom(html)
        arrived = " ".join([re.sub("<[^>]*>", " ", html), *(" ".join(each.attributes.values()) for each in dom.elements)])
        missing = {word for word in WORD.findall(body) if word in NUMBERS} - {*WORD.findall(arrived)}
        assert not missing or found, (body, html)
        assert dom.dangers() == []
