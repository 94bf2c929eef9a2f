"""Commands that show files, and fetch them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import click
from google.protobuf.json_format import MessageToDict

from gazette.content.v1.reference_pb2 import Reference, ReferenceDirection, ReferenceSide
from gazette.files.v1.file_pb2 import File, FileVersion
from gazette_client.messages import CreateDownloadUrlRequest
from server.editing import tables
from server.editing.files.naming import STATES, found, of_file, size, standing, told
from server.editing.files.progress import bar
from server.editing.naming import asking, signed_in
from server.editing.reading import LIMIT, PAGE_SIZE, minute, organisation_id
from server.importer.connecting import Connection
from server.process.showing import written

VERSION = click.option("--version", type=click.IntRange(1), default=None, help="Another version than it is now.")


@click.command("ls")
@click.option("--organisation", metavar="SLUG", help="Whose.  [default: of all that you may read]")
@click.option("--state", type=click.Choice([*STATES]), help="That stand there.  [default: all but rejected]")
@click.option("--type", "content_type", metavar="TYPE", help="Of this media type, or of this kind: `image/`.")
@click.option("--name", help="Whose name contains this.")
@click.option("--deleted", is_flag=True, help="Those that were deleted and can be restored.")
@LIMIT
@asking
def list_files(connection: Connection, limit: int, state: str | None, is_json: bool, **filters: Any) -> None:
    """List files, newest first.

    In a terminal as a table; in a pipe with tabs between name, type, size, state, uploaded, id.
    """
    wanted = {name: value for name, value in filters.items() if value}
    wanted |= {"state": STATES[state]} if state else {}
    with signed_in(connection) as client:
        if connection.organisation is not None:
            wanted["organisation_id"] = organisation_id(client, connection.organisation)
        files = [*islice(client.files(page_size=min(limit, PAGE_SIZE), **wanted), limit)]
    if is_json:
        click.echo(written([MessageToDict(each) for each in files]))
    else:
        headings = ("name", "type", "size", "state", "uploaded", "id")
        tables.show(headings, [*map(row, files)], long={"name"}, wide={"type", "uploaded"})


def row(file: File) -> tuple[str, ...]:
    return file.name, file.content_type, size(file.size_bytes), standing(file), minute(file.create_time), file.id


@click.command()
@of_file
def show(connection: Connection, file_id: str, is_json: bool) -> None:
    """Show what is known of a file."""
    with signed_in(connection) as client:
        file = found(client, file_id)
    if is_json:
        told(file, is_json=True)
        return
    for name, value in facts(file).items():
        click.echo(f"{name}: {value}")


def facts(file: File) -> dict[str, str]:
    """What people ask about a file, as far as there is anything to say."""
    image, document = file.image, file.document
    said = {
        "id": file.id,
        "name": file.name,
        "type": file.content_type,
        "size": size(file.size_bytes),
        "state": standing(file),
        "rejected": f"{file.rejection.reason}: {file.rejection.message}" if file.HasField("rejection") else "",
        "alternative text": file.alternative_text,
        "version": str(file.version),
        "uploaded": minute(file.create_time),
        "pixels": f"{image.width} × {image.height}" if file.HasField("image") else "",
        "focal point": f"{file.focal_point.x} %, {file.focal_point.y} %" if file.HasField("focal_point") else "",
        "pages": str(document.page_count or ""),
        "title": document.title,
        "language": document.language,
        "tagged": ("yes" if document.is_tagged else "no") if file.content_type == "application/pdf" else "",
        "sha256": file.sha256,
        "etag": file.etag,
    }
    return {name: value for name, value in said.items() if value}


@click.command()
@of_file
@click.argument("to", metavar="[PATH]", required=False, type=click.Path(path_type=Path))
@VERSION
def get(connection: Connection, file_id: str, to: Path | None, version: int | None, is_json: bool) -> None:
    """Download a file to PATH, or to a folder; by default here, under its own name.

    What is there is replaced once all has come. If it breaks off, the same command goes on where it ended.
    """
    with signed_in(connection) as client:
        target = Path() if to is None else to
        if target.is_dir():
            target /= Path(found(client, file_id).name).name
        with bar(target.name) as progress:
            file = client.download(file_id, target, progress=progress, version=version or 0, keeps=True)
    if is_json:
        told(file, is_json=True)
    else:
        click.echo(f"{target}  {size(file.size_bytes)}")


@click.command()
@of_file
@LIMIT
def versions(connection: Connection, file_id: str, limit: int, is_json: bool) -> None:
    """List what a file has been, newest first."""
    with signed_in(connection) as client:
        listed = [*islice(client.file_versions(file_id, page_size=min(limit, PAGE_SIZE)), limit)]
    if is_json:
        click.echo(written([MessageToDict(each) for each in listed]))
    else:
        headings = ("version", "name", "size", "came", "replaced", "by", "sha256")
        tables.show(headings, [*map(version_row, listed)], long={"name"}, wide={"by", "sha256"})


def version_row(version: FileVersion) -> tuple[str, ...]:
    replaced = minute(version.replace_time) if version.HasField("replace_time") else "is it now"
    came = minute(version.create_time)
    return str(version.version), version.name, size(version.size_bytes), came, replaced, version.author_id, version.sha256


@click.command()
@of_file
@LIMIT
def uses(connection: Connection, file_id: str, limit: int, is_json: bool) -> None:
    """List the documents that use a file.

    Exit code 0, whether there are any or none.
    """
    direction = ReferenceDirection.REFERENCE_DIRECTION_TO
    with signed_in(connection) as client:
        found_uses = client.references(file_id=file_id, direction=direction, page_size=min(limit, PAGE_SIZE))
        listed = [*islice(found_uses, limit)]
    if is_json:
        click.echo(written([MessageToDict(each) for each in listed]))
    else:
        tables.show(
            ("path", "locale", "title", "side", "field", "id"), [*map(use_row, listed)], long={"path", "title"}, wide={"id"}
        )


def use_row(use: Reference) -> tuple[str, ...]:
    side = "public" if use.side == ReferenceSide.REFERENCE_SIDE_LIVE else "draft"
    return use.path, use.locale, use.title, side, use.field, use.document_id


@click.command()
@of_file
@VERSION
@click.option("--lifetime", type=click.IntRange(1, 86400), default=300, help="For how many seconds it holds.")
def url(connection: Connection, file_id: str, version: int | None, lifetime: int, is_json: bool) -> None:
    """Tell an address at which anyone can have a file for a while."""
    with signed_in(connection) as client:
        request = CreateDownloadUrlRequest(id=file_id, version=version or 0, lifetime_seconds=lifetime)
        answer = client.files.CreateDownloadUrl(request)
    click.echo(written(MessageToDict(answer)) if is_json else answer.url)


COMMANDS = (list_files, show, get, versions, uses, url)
