"""Which document a command means, and who asks: what all commands of `gazette documents` share."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

import click

from gazette.content.v1.content_service_pb2 import GetDocumentRequest, ListDocumentsRequest
from gazette.content.v1.document_pb2 import Document
from gazette_client import Client, GazetteError
from server.editing.refusals import TROUBLE, Refusal
from server.importer.connecting import Connection, caller_options, connected
from server.process.showing import as_json

Command = Callable[..., None]


def asking(command: Command) -> Command:
    """Adds who calls, and `--json`."""

    @wraps(command)
    def with_options(**given: Any) -> None:
        connection = Connection(**{name: given.pop(name) for name in Connection._fields if name in given})
        command(connection=connection, **given)

    return as_json(caller_options(with_options))


def naming(command: Command) -> Command:
    """The same, and the document."""
    locale = click.option("--locale", default="en", help="Which translation a PATH means.")
    return click.argument("document", metavar="ID|PATH")(locale(asking(command)))


@contextmanager
def signed_in(connection: Connection) -> Iterator[Client]:
    """A client. What the service refuses is told with the exit code 1; that it cannot be asked, with 2."""
    with connected(connection, for_all=True) as (client, _):
        try:
            yield client
        except TROUBLE:
            raise
        except GazetteError as error:
            raise Refusal(error) from None


def found(client: Client, named: str, locale: str) -> Document:
    """The document of that id, or of that path in that locale."""
    return client.content.GetDocument(GetDocumentRequest(id=id_of(client, named, locale))).document


def id_of(client: Client, named: str, locale: str) -> str:
    with suppress(ValueError):
        return str(uuid.UUID(named))
    if not named.startswith("/"):
        raise click.BadParameter(f"{named!r} is neither an id nor a path, which begins with /", param_hint="ID|PATH")
    request = ListDocumentsRequest(path_prefix=named, locale=locale, order_by="path", page_size=1)
    for document in client.content.ListDocuments(request).documents:
        if document.path == named:
            return document.id
    raise click.ClickException(f"there is no document at {named} ({locale}) that you may read")
