"""Commands that change what is said of files, delete them and bring them back."""

from __future__ import annotations

from typing import Any

import click
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict

from gazette.files.v1.file_pb2 import File, FocalPoint
from gazette_client.messages import DeleteFileRequest, RestoreFileRequest, UpdateFileRequest
from server.editing.files.naming import found, of_file, told
from server.editing.naming import signed_in
from server.editing.reading import minute
from server.importer.connecting import Connection
from server.process.confirming import confirm, is_sure
from server.process.showing import written

PERCENT = click.IntRange(0, 100)


@click.command()
@of_file
@click.option("--name", help="Its name.")
@click.option("--alternative-text", help="What it shows or says, for those who cannot see it.")
@click.option("--focal-point", type=(PERCENT, PERCENT), metavar="X Y", help="What matters most in an image, in percent.")
@click.option("--etag", default="", help="Refuse if this is not its version.  [default: its version now]")
def describe(
    connection: Connection,
    file_id: str,
    name: str | None,
    alternative_text: str | None,
    focal_point: tuple[int, int] | None,
    etag: str,
    is_json: bool,
) -> None:
    """Change a file's name, alternative text or focal point."""
    given = {
        "name": name,
        "alternative_text": alternative_text,
        "focal_point": None if focal_point is None else FocalPoint(x=focal_point[0], y=focal_point[1]),
    }
    changed: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if not changed:
        raise click.UsageError("say what changes: --name, --alternative-text or --focal-point")
    with signed_in(connection) as client:
        wanted = File(id=file_id, etag=etag or found(client, file_id).etag, **changed)
        request = UpdateFileRequest(file=wanted, update_mask=FieldMask(paths=[*changed]))
        told(client.files.UpdateFile(request).file, is_json=is_json)


@click.command()
@of_file
@click.option("--now", is_flag=True, help="At once and for good, whatever uses it, for what should never have been uploaded.")
@click.option("--explanation", default="", help="With --now: why, for the audit.")
@is_sure
def rm(connection: Connection, file_id: str, now: bool, explanation: str, is_sure: bool, is_json: bool) -> None:
    """Delete a file that nothing uses. For 30 days `restore` brings it back.

    With --now its bytes go at once, from caches, too, and its pages show it no longer. It shows what is lost, and has the
    file's name typed.
    """
    if now and not explanation:
        raise click.UsageError("say why, with --explanation")
    with signed_in(connection) as client:
        if now and not is_sure:
            file = found(client, file_id)
            confirm(f"{file.name} and all of its versions are removed for good, from its pages, too.", file.name)
        answer = client.files.DeleteFile(DeleteFileRequest(id=file_id, now=now, explanation=explanation))
    if is_json:
        click.echo(written(MessageToDict(answer)))
    elif now:
        click.echo(f"{file_id} is gone")
    else:
        click.echo(f"{file_id} is deleted; it can be restored until {minute(answer.restorable_until_time)}")


@click.command()
@of_file
def restore(connection: Connection, file_id: str, is_json: bool) -> None:
    """Bring a deleted file back."""
    with signed_in(connection) as client:
        told(client.files.RestoreFile(RestoreFileRequest(id=file_id)).file, is_json=is_json)


COMMANDS = (describe, rm, restore)
