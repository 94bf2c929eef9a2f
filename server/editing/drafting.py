"""Commands that write drafts: in an editor, or from a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from gazette_client import GazetteError
from server.editing import texts
from server.editing.changing import changing, draft_line, told
from server.editing.naming import asking, found, signed_in
from server.importer.connecting import ORGANISATION, Connection, organisation

FILE = click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="The text, instead of what an editor gives (`-`: standard input).",
)


@click.command()
@click.argument("path")
@click.option("--type", "content_type", required=True, metavar="NAME", help="Its content type.")
@click.option("--title", default="", help="Its title.")
@click.option("--locale", default="en", help="Its language.")
@FILE
@ORGANISATION
@asking
def create(
    connection: Connection, path: str, content_type: str, title: str, locale: str, file: str | None, is_json: bool
) -> None:
    """Write a new document, in $EDITOR or from a file.

    It is to be read at PATH. Where it is refused, your text is kept in a file, which the refusal names.
    """
    text = edited(texts.written(Document(path=path, title=title)), file)
    with kept(text), signed_in(connection) as client:
        wanted = read(text)
        wanted.path, wanted.title = wanted.path or path, wanted.title or title
        if file is not None and wanted.path != path:
            raise click.ClickException(f"the file is of {wanted.path}, not of {path}")
        wanted.content_type, wanted.locale = content_type, locale
        wanted.organisation_id = organisation(client, connection.organisation).id
        told(client.content.CreateDocument(rpc.CreateDocumentRequest(document=wanted)), draft_line, is_json=is_json)


@click.command()
@changing
@FILE
def edit(connection: Connection, document: str, file: str | None, locale: str, etag: str | None, is_json: bool) -> None:
    """Change a document, in $EDITOR or from a file.

    What somebody else has saved meanwhile is kept: the two are merged, and only where both changed the same is it refused. Your
    text is kept in a file then, which the refusal names.
    """
    with signed_in(connection) as client:
        before = found(client, document, locale)
        text = edited(texts.written(before), file)
        with kept(text):
            wanted = texts.ended_as(before, read(text))
            names = texts.changed(before, wanted) if etag in {None, before.etag} else [*texts.FIELDS, "body"]
            if not names:
                raise click.ClickException("nothing was changed")
            wanted.id, wanted.etag = before.id, etag or before.etag
            request = rpc.UpdateDocumentRequest(document=wanted, update_mask=FieldMask(paths=names), merge=True)
            told(client.content.UpdateDocument(request), draft_line, is_json=is_json)


def edited(text: str, file: str | None) -> str:
    """What the file says, or the text after people have edited it."""
    if file is not None:
        with click.open_file(file, encoding="utf-8") as stream:
            said: str = stream.read()
            return said
    found = click.edit(text, extension=".md")
    if found is None:
        raise click.ClickException("nothing was changed")
    return found


def read(text: str) -> Document:
    try:
        return texts.read(text)
    except texts.Unreadable as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def kept(text: str) -> Iterator[None]:
    """Whatever goes wrong, the text is not lost."""
    try:
        yield
    except (GazetteError, click.ClickException, click.Abort):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="gazette-", suffix=".md", delete=False) as file:
            file.write(text)
        click.echo(f"Your text is in {Path(file.name)}; give it again with --file.", err=True)
        raise


COMMANDS = (create, edit)
