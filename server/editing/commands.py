"""`gazette documents`: what editors, and their scripts, do with documents at a command line, as clients of the API."""

from __future__ import annotations

import click

from server.editing import drafting, reading, reviewing, scheduling, taking_down

ENDING = """Exit codes: 0 done; 1 refused, and nothing has changed; 2 the command line is wrong, or the service
cannot be reached.

A refusal begins with its reason, and has a line for each field that is wrong and each condition that is not met. --json
writes what the API answers over HTTP."""


class Day(click.Group):
    """Lists its commands in the order of an editor's day, not in that of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands]


@click.group(cls=Day, epilog=ENDING)
def documents() -> None:
    """Write, review and publish documents, and take pages down.

    A document is named by its id, or by its path. Sign in with GAZETTE_EMAIL and GAZETTE_PASSWORD, or as a service with
    GAZETTE_API_KEY.
    """


for room in (reading, drafting, reviewing, scheduling, taking_down):
    for command in room.COMMANDS:
        documents.add_command(command)
