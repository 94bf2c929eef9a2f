"""Each `gazette …` that the documentation shows is one that the command line takes: commands, options, and their values."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from server.cli import gazette
from tests.test_docs import DOCUMENTS, QUOTED, ROOT

COMMAND = re.compile(r"(?:.*[\s/])?gazette (?P<words>[a-z].*)")
SHOWN = re.compile(r"^ *(?:\$ )?(?P<program>(?:\S+/|docker .* |kubectl .* -- )?gazette [a-z].*)$")
PLACEHOLDERS = {
    r"<[^<>]*\bid>|[A-Z_]*_ID\b|<id>": "0190d5c3-0000-7000-8000-000000000000",
    r"<[^<>]+>": "something",
    r"\bN\b": "1",
    r"\bTIME\b": "2026-12-01T08:00Z",
}
END = re.compile(r"\s(?:\||2?>\S*|&&|;|#)(?:\s.*)?$")
AS_THEY_ARE = (click.Path, click.File)
"""What is looked up where it is used."""


def shown(document: Path) -> Iterator[str]:
    """What stands in a block of code, with lines that go on joined."""
    text = document.read_text().replace("\\\n", " ")
    fence = None
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fence = None if fence is not None else line.strip("` ")
        elif fence == "console" and not line.startswith("$ "):
            continue  # what a command printed
        elif (fence is not None or line.startswith("    ")) and (found := SHOWN.match(line)):
            yield found["program"]


def words_of(line: str) -> list[str]:
    """The arguments of the command in a line, with its placeholders filled in."""
    found = COMMAND.match(line)
    assert found is not None, line
    text = END.sub("", found["words"])
    for placeholder, value in PLACEHOLDERS.items():
        text = re.sub(placeholder, value, text)
    return [word for word in shlex.split(text, comments=True) if word not in {"…", "..."}]


def problem(words: list[str], *, is_whole: bool) -> str | None:
    """What the command line would object to; what is only mentioned need not be whole."""
    command: click.Command = gazette
    context = click.Context(gazette, info_name="gazette")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"there is no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    try:
        given, rest, _ = command.make_parser(context).parse_args([*words])
        if rest:
            return f"too much: {rest}"
        for parameter in command.params:
            check(parameter, context, given, is_whole=is_whole)
    except click.UsageError as error:
        return error.format_message()
    return None


def check(parameter: click.Parameter, context: click.Context, given: dict[str, Any], *, is_whole: bool) -> None:
    """Raises UsageError."""
    value = given.get(parameter.name or "")
    if value in (None, (), []) or not isinstance(
        value, str | list | tuple
    ):  # click has a mark of its own for what is not given
        if parameter.required and is_whole:
            raise click.MissingParameter(ctx=context, param=parameter)
    elif not isinstance(parameter.type, AS_THEY_ARE):
        parameter.type_cast_value(context, value)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_its_commands_are_taken(document: Path) -> None:
    """Those in blocks are whole; those in a sentence may leave arguments out."""
    said = [(line, True) for line in shown(document)]
    said += [(quoted, False) for quoted in QUOTED.findall(document.read_text()) if re.match("gazette [a-z]", quoted)]
    wrong = {line: why for line, is_whole in said if (why := problem(words_of(line), is_whole=is_whole and "…" not in line))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("gazette backup verify --file", "No such option"),
        ("gazette backup verfy", "too much|no command"),
        ("kubectl exec pod -- gazette restore --to-time yesterday", "does not match"),
        ("gazette accounts show", "Missing"),
        ("gazette audit verify more", "too much"),
    ],
)
def test_what_is_not_taken(line: str, why: str) -> None:
    """Options, commands, values and arguments that are not there, or too many."""
    assert re.search(why, problem(words_of(line), is_whole=True) or "")


def test_they_are_found() -> None:
    """The runbook of disasters shows its commands, and a comment is none of them."""
    found = [words_of(line) for line in shown(ROOT / "docs/runbooks/dr.md")]
    assert ["restore", "check", "--exact"] in found
    assert ["restore", "--files"] in found
