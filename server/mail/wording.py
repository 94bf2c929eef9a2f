"""What mails say. The words of each kind are in the `templates/` of the domain that queues it: paragraphs of plain text, from
which the HTML is made too. Layout and footer are here, and the same for all."""

from __future__ import annotations

import textwrap
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from server.mail.letters import Letter
from server.mail.words import in_words, listed, plain

WIDTH = 76


class Wording:
    """The words of a package's mails."""

    def __init__(self, package: str) -> None:
        self.environment = Environment(
            loader=ChoiceLoader([PackageLoader(package), PackageLoader("server.mail")]),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters.update(plain=plain, listed=listed, in_words=in_words)

    def letter(self, kind: str, **values: Any) -> Letter:
        """The words of one kind of mail. Where `values` have a `url`, it stands in a paragraph of its own."""
        template = self.environment.get_template(f"{kind}.txt").make_module(values)
        paragraphs = [" ".join(paragraph.split()) for paragraph in str(template).split("\n\n")]
        paragraphs = [paragraph for paragraph in paragraphs if paragraph]
        subject: str = template.subject  # type: ignore[attr-defined]  # which the template sets
        layout = self.environment.get_template("layout.html")
        text = "\n\n".join(textwrap.fill(each, WIDTH, break_long_words=False, break_on_hyphens=False) for each in paragraphs)
        action, url = getattr(template, "action", ""), values.get("url")
        html = layout.render(subject=subject, action=action, paragraphs=paragraphs, url=url)
        return Letter(subject, text + "\n", html)
