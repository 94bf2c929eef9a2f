"""Markdown as pyromark (pulldown-cmark) parses it: CommonMark, with what GitHub and GOV.UK add to it.

Left off is what would make something else of plain text: smart punctuation, mathematics between dollars, super- and subscript,
wiki links, metadata blocks.
"""

from __future__ import annotations

import re

import pyromark

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_DEFINITION_LIST
    | pyromark.Options.ENABLE_HEADING_ATTRIBUTES
    | pyromark.Options.ENABLE_GFM
)
UNDONE, DONE = '<input disabled="" type="checkbox"/>\n', '<input disabled="" type="checkbox" checked=""/>\n'
ALERT = re.compile(r'<blockquote class="markdown-alert-([a-z]+)">\n')
HEAD_OF_ROW = re.compile(r"<tr><td([^>]*)>#(?:[ \t]+([^\n]*?))?</td>")
"""Govspeak's, as its own expression says it: the first cell of a row that begins with a `#`."""
TERMS = re.compile(r"<dt>([^\n]*?\n.*?)</dt>", re.DOTALL)
ALIGNED = [
    (f'<{cell} style="text-align: {side}">', f'<{cell} align="{side}">')
    for cell in ("td", "th")
    for side in ("left", "center", "right")
]


def html_of(markdown: str) -> str:
    """What the parser makes of it, in elements and attributes that may stay."""
    if not markdown:
        return ""
    html: str = pyromark.html(markdown if markdown.endswith("\n") else markdown + "\n", options=OPTIONS)
    if "text-align" in html:
        for style, attribute in ALIGNED:
            html = html.replace(style, attribute)
    if "<input" in html:  # a form's control; ticking it would change nothing
        html = html.replace(UNDONE, marker("\N{BALLOT BOX}")).replace(DONE, marker("\N{BALLOT BOX WITH CHECK}"))
    if "<blockquote class" in html:
        html = ALERT.sub(titled, html)
    if "<tr><td" in html and "<td" not in markdown:
        html = HEAD_OF_ROW.sub(r'<tr><th scope="row"\1>\2</th>', html)
    if "<dt>" in html and "<dt" not in markdown:
        html = TERMS.sub(apart, html)
    # What is struck through no longer holds, which is `s`; `del` is an edit of the text, and an author's own tag.
    return html if "<del" in markdown else html.replace("<del>", "<s>").replace("</del>", "</s>")


def marker(sign: str) -> str:
    return f'<span class="task-list-marker">{sign}</span> '


def titled(match: re.Match[str]) -> str:
    """The blockquote of an alert, with the word that says which it is: a class is not read out."""
    return f'{match[0]}<p class="markdown-alert-title">{match[1].title()}</p>\n'


def apart(match: re.Match[str]) -> str:
    """Each line of a term as a term: several share what follows them. What reaches over lines stays as it is."""
    terms = match[1].split("\n")
    is_whole = all(term.count("<") == 2 * term.count("</") for term in terms)
    return "\n".join(f"<dt>{term}</dt>" for term in terms) if is_whole else match[0]
