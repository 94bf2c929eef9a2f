"""Commands that send files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from google.protobuf.json_format import MessageToDict

from gazette.files.v1.file_pb2 import File
from gazette_client import Client, GazetteError
from server.editing.files.naming import Command, found, of_file, told
from server.editing.files.progress import bar
from server.editing.files.remembering import Note
from server.editing.naming import asking, signed_in
from server.editing.refusals import TROUBLE
from server.importer.connecting import ORGANISATION, Connection, organisation
from server.process.showing import written

SOURCE = click.Path(exists=True, dir_okay=False, path_type=Path)
WAYS = ("auto", "stream", "resumable", "direct")


def sending(command: Command) -> Command:
    """Adds how a file goes up."""
    for option in (
        click.option("--way", type=click.Choice(WAYS), default="auto", help="How: as the server has it, or in this way."),
        click.option(
            "--wait",
            type=click.FloatRange(0),
            default=60.0,
            metavar="SECONDS",
            help="For how long to wait until it is examined.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=SOURCE)
@click.option("--name", default="", help="Its name.  [default: that of PATH]")
@click.option("--alternative-text", default="", help="What it shows or says, for those who cannot see it.")
@sending
@ORGANISATION
@asking
def put(
    connection: Connection, paths: tuple[Path, ...], name: str, alternative_text: str, way: Any, wait: float, is_json: bool
) -> None:
    """Upload files.

    What is large goes up in pieces. If that breaks off, or is interrupted, the same command goes on where it ended.
    """
    if len(paths) > 1 and (name or alternative_text):
        raise click.UsageError("a name and an alternative text are of one file: give one PATH")
    with signed_in(connection) as client:
        owner = organisation(client, connection.organisation).id
        sent = []
        for path in paths:
            note = Note.of(path, client.target, owner, name)
            upload = partial(client.upload, path, owner, alternative_text, name=name, way=way)
            file = waited(client, send(path, note, upload), wait)
            sent.append(file)
            if not is_json:
                told(file, is_json=False)
    if is_json:
        click.echo(written([MessageToDict(each) for each in sent]))


@click.command()
@of_file
@click.argument("path", metavar="PATH", type=SOURCE)
@click.option("--name", default="", help="Its new name.  [default: the one it has]")
@click.option("--etag", default="", help="Refuse if this is not its version.")
@sending
def replace(
    connection: Connection, file_id: str, path: Path, name: str, etag: str, way: Any, wait: float, is_json: bool
) -> None:
    """Replace a file by PATH. Its id and its address stay, and its pages follow."""
    with signed_in(connection) as client:
        note = Note.of(path, client.target, file_id, name)
        upload = partial(client.replace, file_id, path, name=name, etag=etag, way=way)
        told(waited(client, send(path, note, upload), wait), is_json=is_json)


def send(path: Path, note: Note, upload: Callable[..., File]) -> File:
    """Sends it, or what is still missing of it; what was refused for good is not gone on with."""
    resume = note.read()
    if resume:
        click.echo(f"goes on with {path}", err=True)
    with bar(path.name) as progress, keeping(note):
        file = upload(progress=progress, resume=resume, begun=note.write)
    note.forget()
    return file


@contextmanager
def keeping(note: Note) -> Iterator[None]:
    try:
        yield
    except TROUBLE:
        raise
    except GazetteError:
        note.forget()
        raise


def waited(client: Client, file: File, seconds: float) -> File:
    """The file when it has been examined; as it stands, if that takes longer."""
    if not seconds:
        return file
    try:
        return client.wait_until_ready(file.id, timeout=seconds)
    except GazetteError as error:
        if error.reason != "FILE_NOT_READY":
            raise
    return found(client, file.id)


COMMANDS = (put, replace)
