"""Rows as a table: fitted to a terminal, or, in a pipe, one line a row with tabs between, nothing cut off and no heading."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 140
"""Columns of a terminal that has room for everything."""


def show(headings: Sequence[str], rows: Iterable[Sequence[str]], *, long: Collection[str], wide: Collection[str] = ()) -> None:
    """`long` columns go on in a further line, others keep to one; `wide` ones are for wide terminals, and for pipes."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    console = Console()
    shown = [name for name in headings if console.width >= WIDE or name not in wide]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in shown:
        table.add_column(name, no_wrap=name not in long, overflow="fold")
    for row in rows:
        told = dict(zip(headings, row, strict=True))
        table.add_row(*(Text(told[name]) for name in shown))  # what is written in a title is no markup
    console.print(table if table.rows else "none")
