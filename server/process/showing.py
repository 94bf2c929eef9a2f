"""How commands answer: in words, or as JSON. Those that call a server need no more, and import no database for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

Shown = TypeVar("Shown", bound=Message)

as_json = click.option("--json", "is_json", is_flag=True, help="Write JSON.")


def show(made: Message, line: str, *, is_json: bool) -> None:
    click.echo(written(MessageToDict(made)) if is_json else line)


def show_all(found: Sequence[Shown], line: Callable[[Shown], str], *, is_json: bool) -> None:
    """A line for each, or one JSON list."""
    if is_json:
        click.echo(written([MessageToDict(each) for each in found]))
        return
    for each in found:
        click.echo(line(each))


def written(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
