"""`gazette files`: what people, and their scripts, do with files at a command line, as clients of the API.

What looks at the database and the storage themselves joins the group from `server.files` (`server.cli`).
"""

from __future__ import annotations

import click

from server.editing.commands import ENDING, Day
from server.editing.files import changing, reading, sending


@click.group(cls=Day, epilog=ENDING)
def files() -> None:
    """Upload, find, fetch, replace and delete files.

    A file is named by its id. Sign in with GAZETTE_EMAIL and GAZETTE_PASSWORD, or as a service with GAZETTE_API_KEY; `verify`
    and `sweep` work on the database and the storage, by the server's settings.
    """


for room in (sending, reading, changing):
    for command in room.COMMANDS:
        files.add_command(command)
