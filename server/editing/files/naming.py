"""What the commands for files share: how a file is named, and how one is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import click
from google.protobuf.json_format import MessageToDict

from gazette.files.v1.file_pb2 import File, FileState
from gazette_client import Client
from gazette_client.messages import GetFileRequest
from server.editing.naming import asking
from server.process.showing import written

Command = Callable[..., None]

STATES = {FileState.Name(state).removeprefix("FILE_STATE_").lower(): state for state in FileState.values() if state}
UNITS = ("kB", "MB", "GB", "TB")


class Id(click.ParamType):  # type: ignore[type-arg]  # it takes none at run time before click 8.5
    """A file's id."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(uuid.UUID(str(value)))
        except ValueError:
            self.fail(f"{value!r} is no file's id; `gazette files ls` tells them", param, ctx)


def of_file(command: Command) -> Command:
    """Adds the file, and who calls."""
    return click.argument("file_id", metavar="ID", type=Id())(asking(command))


def found(client: Client, file_id: str) -> File:
    return client.files.GetFile(GetFileRequest(id=file_id)).file


def told(file: File, *, is_json: bool) -> None:
    """One line: its id, what it is, and where it stands."""
    if is_json:
        click.echo(written(MessageToDict(file)))
    else:
        click.echo("  ".join((file.id, file.name, size(file.size_bytes), standing(file))))


def standing(file: File) -> str:
    """Where it stands, and who may have it."""
    state = state_name(file.state)
    if file.HasField("delete_time"):
        return "deleted"
    if file.HasField("replacement"):
        return f"{state}, its replacement {state_name(file.replacement.state)}"
    return f"{state}, public" if file.is_public else state


def state_name(state: FileState.ValueType) -> str:
    return FileState.Name(state).removeprefix("FILE_STATE_").lower()


def size(count: int) -> str:
    """A number of bytes as people write it."""
    if count < 1000:
        return f"{count} B"
    power = 1
    while count >= 999.95 * 1000**power and power < len(UNITS):
        power += 1
    return f"{count / 1000**power:.1f} {UNITS[power - 1]}"
