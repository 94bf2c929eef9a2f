"""`gazette documents`: what editors, and their scripts, do with documents at a command line, as clients of the API."""

from __future__ import annotations

import click

from server.editing import drafting, reading, reviewing, scheduling, taking_down


@click.group()
def documents() -> None:
    """Write, review and publish documents, and take pages down. Each is named by its id, or by its path."""


for room in (reading, drafting, reviewing, scheduling, taking_down):
    for command in room.COMMANDS:
        documents.add_command(command)
