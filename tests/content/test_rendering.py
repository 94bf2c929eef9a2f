"""What becomes of Markdown and HTML on their way to the public (C6), judged in a parsed DOM."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct, Value

from gazette.content.v1.document_pb2 import BodyFormat
from server.background.processes import Processes
from server.content.rendering import Renderer, work
from server.content.rendering.bounds import TooMuch, depth_of, size_of
from server.content.rendering.markup import sanitised
from server.content.rendering.members import sanitised_members
from tests.content.dom import Dom

MARKDOWN, HTML = BodyFormat.BODY_FORMAT_MARKDOWN, BodyFormat.BODY_FORMAT_HTML

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src='javascript:alert(1)'>",
    "<img src='data:text/html,<script>alert(1)</script>'>",
    "<img src='mailto:a@example.gov'>",
    "<img srcset='javascript:alert(1) 1x'>",
    "<a href='javascript:alert(1)'>a</a>",
    "<a href=' java\nscript:alert(1)'>a</a>",
    "<a href='&#106;avascript&colon;alert(1)'>a</a>",
    "<a href='JaVaScRiPt:alert(1)'>a</a>",
    "<a href='\x01javascript:alert(1)'>a</a>",
    "<a href='vbscript:msgbox(1)'>a</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>a</a>",
    "<a href='blob:https://example.gov/1'>a</a>",
    "<blockquote cite='javascript:alert(1)'>a</blockquote>",
    "<q cite='javascript:alert(1)'>a</q><ins cite='javascript:alert(1)'>a</ins>",
    "<p style='background:url(javascript:alert(1))' onclick=alert(1)>a</p>",
    "<div onmouseover='alert(1)' data-module='gem-track-click'>a</div>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text>a</text></a></svg>",
    "<math><mi xlink:href='javascript:alert(1)'>a</mi></math>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<iframe src='https://evil.example'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='x.swf'></object><embed src='x.swf'>",
    "<form action='https://evil.example'><input name=password><button>a</button></form>",
    "<base href='https://evil.example/'><meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'><style>@import 'https://evil.example'</style>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<title><img title='</title><img src=x onerror=alert(1)>'></title>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<a name=config href=https://evil.example id=config>a</a>",
    "<img name=body src=/x.png>",
    '<p title="</p><img src=x onerror=alert(1)>">a</p>',
    "<p title='`onmouseover=alert(1)//'>a</p>",
    "<x onfocus=alert(1) tabindex=1 autofocus>a</x>",
    "<video src=x onerror=alert(1)><audio src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>a</details>",
    "<table background='javascript:alert(1)'><td background='javascript:alert(1)'>a</table>",
    "<select><option><img src=x onerror=alert(1)></select>",
    "<plaintext><script>alert(1)</script>",
    "<a href='https://example.gov' target=_blank rel=opener>a</a>",
    "[a](javascript:alert(1))",
    "[a](<java\nscript:alert(1)>)",
    "![a](data:image/svg+xml;base64,PHN2Zz4=)",
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
]

GOVSPEAK = """<div class="govspeak"><h2 id="who-can-apply">Who can apply</h2>
<div class="call-to-action" role="note" aria-label="Information"><p>Apply <strong>before</strong> 1 May.</p></div>
<p><abbr title="His Majesty's Revenue and Customs">HMRC</abbr> <a href="/vat" class="govuk-link">VAT</a>
<a href="#who-can-apply">up</a> <a href="mailto:a@example.gov">mail</a> <a href="tel:+441234">call</a>
<a href="https://example.org/x?a=1&amp;b=2" rel="external">x</a></p>
<table><caption>Rates</caption><thead><tr><th scope="col" colspan="2">Band</th></tr></thead>
<tbody><tr><td headers="a">1</td><td>2</td></tr></tbody></table>
<figure class="image embedded"><img src="https://assets.example.gov/a.jpg" alt="A ship" width="10" height="20">
<figcaption>A</figcaption></figure><address class="contact">1 Street<br>Town</address>
<details><summary>More</summary><p lang="cy" dir="ltr">Mwy</p></details>
<ol start="3" class="steps"><li value="4">c</li></ol><dl><dt>a</dt><dd>b</dd></dl><sup id="fnref:1">1</sup>
<q>q</q><blockquote>b</blockquote>
<time datetime="2020-01-01">1 January</time><pre><code>x &lt; y</code></pre><hr></div>"""


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("body_format", [MARKDOWN, HTML])
def test_nothing_hostile_is_left(hostile: str, body_format: int) -> None:
    """What could run, load or pose as the site is gone from the DOM, however it is wrapped."""
    around = ("{}", "before\n\n{}\n\nafter", "<table><tr><td>{}", "<p title='{}'>", "> - *a* {}")
    for body in (each.format(hostile) for each in around):
        html = work.rendered(body, body_format)
        assert Dom(html).dangers() == []
        assert sanitised(html) == html, "sanitising twice changes nothing"


def test_a_governments_html_stays() -> None:
    """Structure, tables, figures, abbreviations, addresses, languages, classes and ids come out as they went in."""
    before, after = Dom(GOVSPEAK), Dom(work.rendered(GOVSPEAK, HTML))
    assert after.text == before.text
    assert [element.tag for element in after.elements] == [element.tag for element in before.elements]
    for was, now in zip(before.elements, after.elements, strict=True):
        was.attributes.pop("rel", None)
        assert now.attributes == was.attributes | ({"rel": "noopener"} if was.tag == "a" else {})


def test_markdown() -> None:
    """Markdown is CommonMark with tables and strikethrough, and HTML inside it."""
    body = "# A & B\n\n~~old~~ **new** <abbr title='x'>y</abbr>\n\n|a|b|\n|-|-:|\n|1|2|\n\n- x\n\n<div class=a>z</div>"
    dom = Dom(work.rendered(body, MARKDOWN))
    tags = "h1 p s strong abbr table thead tr th th tbody tr td td ul li div"
    assert [element.tag for element in dom.elements] == tags.split()
    assert "A & B" in dom.text


def test_members_that_hold_html() -> None:
    """Only what a pointer names is sanitised; data that happens to look like HTML, and the original, stay."""
    evil, good = "<b onclick=x>a</b><script>1</script>", "<b>a</b>"

    def details(named: str) -> dict[str, object]:
        parts = [{"body": named, "n": 1}, {"body": None}, evil]
        return {"body": named, "code": evil, "parts": parts, "by": {"x/y": {"~": named}}, "n": 2}

    before = details(evil)
    pointers = ["/body", "/parts/*/body", "/by/x~1y/~0", "/absent/*/x", "/n"]
    assert sanitised_members(before, pointers) == details(good)
    assert before == details(evil)
    assert sanitised_members({"a": [evil, {"b": evil}]}, ["/a/0"]) == {"a": [good, {"b": evil}]}


async def test_large_texts_leave_the_loop_free() -> None:
    """While a large text is rendered, the event loop goes on turning. (C9)"""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.002)
            turns += 1

    turning = asyncio.create_task(turn())
    processes = Processes()
    body = "<p class='a'>word <b>x</b></p>" * 20_000
    words = {"body": body, "body_format": HTML, "details": {}, "attachments": [], "links": {}}
    rendered = await Renderer(processes).rendering(words, ())
    turning.cancel()
    await processes.close()
    assert len(rendered.html) > 500_000
    assert turns >= 5


ADVERSARIAL = ["[", "[a](", "![[]()", "<", "*a **b ", "~~a ", "> ", "- ", "`", "|a", "<!--", "<a <b ", "&", "\\"]


@pytest.mark.parametrize("unit", ADVERSARIAL)
@pytest.mark.timed
def test_adversarial_markdown_is_bounded(unit: str) -> None:
    """Fifty thousand characters of what drives parsers mad are rendered or refused in a few seconds at the worst. (C9)"""
    body = (unit * 50_000)[:50_000]
    start = time.process_time()
    with suppress(TooMuch):
        work.body_html(body, MARKDOWN, {})
    assert time.process_time() - start < 5


def test_what_is_struck_through() -> None:
    """Strikethrough is `s`; an author's own `del` stays what it is."""
    assert work.rendered("~~a~~ <b>b</b>", MARKDOWN) == "<p><s>a</s> <b>b</b></p>\n"
    assert work.rendered("<del>a</del>", MARKDOWN) == "<p><del>a</del></p>\n"


@pytest.mark.parametrize(
    "value", [{}, {"a": ""}, {"b": [1, 2.5, -3, "x" * 200, None, True, {}, []], "c": {"é": "漢" * 9_000}}, {"d": ["é"] * 300}]
)
def test_sizes_are_those_of_messages(value: dict[str, Any]) -> None:
    """What details take of an answer is known without making the answer."""
    struct = Struct()
    struct.update(value)
    assert size_of(value) == Value(struct_value=struct).ByteSize()


def test_depth_is_judged_by_tags() -> None:
    """What begins again ends what stood before it, and what is never closed, or closed wrongly, goes deeper."""
    assert depth_of("<p>a<br><IMG src=x>" * 500) == 0
    assert depth_of("<ul>" + "<li>a" * 500 + "</ul>") == 1
    assert depth_of("<ul><li>" * 500) == 500
    assert depth_of("<div></b>" * 500) == 500
    assert depth_of("<DIV><i>a</i></div>" * 500) == 2
