"""The body of two revisions as one, with what came and went marked: by blocks, and by words within them."""

from __future__ import annotations

import random
import re

import pytest
from lxml import etree
from lxml import html as lxml_html

from gazette.content.v1.document_pb2 import BodyFormat
from server.content.comparing.blocks import html_diff
from server.content.comparing.sequences import Budget
from server.content.rendering.work import rendered

MARKDOWN = BodyFormat.BODY_FORMAT_MARKDOWN


def marked(before: str, after: str, body_format: BodyFormat.ValueType = MARKDOWN) -> str:
    return html_diff(rendered(before, body_format), rendered(after, body_format), Budget())[0]


def read(html: str, without: str = "") -> str:
    root = lxml_html.fragment_fromstring(html, create_parent="div")
    etree.strip_elements(root, without or "nothing", with_tail=False)
    return re.sub(r"\s+", "", "".join(root.itertext()))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("# A\n\nb", "# A\n\nc\n\nb", '<h1 id="a">A</h1><ins><p>c</p></ins><p>b</p>'),
        ("- one\n- two", "- one\n- two\n- three", "<ul><li>one</li><li>two</li><li><ins>three</ins></li></ul>"),
        ("日本語の文書", "日本語の書類", "<p>日本語の<del>文</del>書<ins>類</ins></p>"),
        ("    a = 1\n    b = 2", "    a = 1\n    b = 3", "<pre><code>a = 1\nb = <del>2</del><ins>3</ins>\n</code></pre>"),
        ("a <ins>b</ins> c", "a <ins>b</ins> d", "<p>a <u>b</u> <del>c</del><ins>d</ins></p>"),
        ("a &lt;b&gt; c", "a &lt;b&gt; d", "<p>a &lt;b&gt; <del>c</del><ins>d</ins></p>"),
        ("a\n\n## b", "", "<del><p>a</p></del><del><h2>b</h2></del>"),
    ],
)
def test_marked_up_html(before: str, after: str, wanted: str) -> None:
    """Blocks are aligned first, and words marked within those that changed; what the text marks itself is told apart (C32)."""
    marked_up = marked(before, after)
    assert re.sub(r"\s*\n\s*(?=<)", "", marked_up) == re.sub(r"\s*\n\s*(?=<)", "", wanted)


def test_tables_stay_tables() -> None:
    """Rows that came and went are marked within their cells, so that a table stays one; words in a cell are marked there."""
    head = "| a | b |\n|---|---|\n"
    marked_up = marked(f"{head}| one | two |\n| five | six |", f"{head}| new | row |\n| one | two |\n| five | seven |")
    assert marked_up.count("<table>") == 1
    assert "<tr><td><ins>new</ins></td><td><ins>row</ins></td></tr>" in marked_up
    assert "<td>five</td><td><del>six</del><ins>seven</ins></td>" in marked_up


def test_html_reads_as_either_text() -> None:
    """Of many random changes, what is marked reads as the later text without what went, and as the earlier one without what
    came; no id is there twice, and nothing that sanitising would take away (C32, C6)."""
    chance = random.Random(3)
    pieces = [
        "tide",
        "ebb",
        "<b>flow</b>",
        "*x*",
        "`c`",
        "[l](https://x.example/a)",
        "é",
        "日本",
        "\n\n",
        "\n- i",
        "\n\n# h\n\n",
    ]
    pieces += ["\n\n> q\n\n", "<script>x</script>", "[^1]", "![i](https://x.example/i.png)", "\n\n[^1]: note\n\n"]
    for _ in range(250):
        words = chance.choices(pieces, k=chance.randint(1, 40))
        others = words[:]
        for _ in range(chance.randint(1, 6)):
            others[chance.randrange(len(others))] = chance.choice(pieces)
        before, after = (rendered(" ".join(each), MARKDOWN) for each in (words, others))
        html, _ = html_diff(before, after, Budget())
        assert (read(html, "del"), read(html, "ins")) == (read(after), read(before))
        ids = re.findall(r' id="([^"]*)"', html)
        assert len(ids) == len({*ids})
        assert "<script" not in html
