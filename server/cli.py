"""The command `gazette`. It imports what a command needs when the command runs, and nothing for its own help."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click

from server.process.confirming import confirm, is_sure


class Place(NamedTuple):
    """Where a domain's command is."""

    target: str
    """Its module and its name there."""
    help: str
    """Its first line of help, which a list of commands shows without importing it."""
    also: str = ""
    """A group elsewhere, whose commands it has too: those that work on the database, beside those that call a server."""


COMMANDS: Mapping[str, Place] = {
    "accounts": Place("server.auth.administration.commands:accounts", "People and services that sign in."),
    "audit": Place("server.audit.commands:audit", "Who did what, and whether the answer can be trusted."),
    "backup": Place("server.recovery.commands:backup", "Back up the database and the files, and verify that."),
    "demo": Place("server.demo.commands:demo", "Load the demo's organisation, accounts and documents."),
    "documents": Place("server.editing.commands:documents", "Write, review and publish documents, and take pages down."),
    "export": Place("server.importer.commands:export_documents", "Write what an organisation has published as NDJSON."),
    "files": Place(
        "server.editing.files.commands:files",
        "Upload, find, fetch, replace and delete files, and check what is stored.",
        also="server.files.commands:files",
    ),
    "import": Place("server.importer.commands:import_documents", "Bring documents in, as they were published elsewhere."),
    "keys": Place("server.auth.api_keys.commands:keys", "Service accounts and their API keys."),
    "organisations": Place("server.organisations.commands:organisations", "The departments that publish here."),
    "references": Place("server.content.refreshing.commands:references", "What pages show of others, and whether it is right."),
    "redirects": Place("server.content.publishing.commands:redirects", "Where what moved leads, and what leads in a circle."),
    "restore": Place("server.recovery.commands:restore", "Bring a backup back, to any minute, and check it."),
    "sessions": Place("server.auth.sessions.commands:sessions", "Sign-ins that go on."),
    "smoke": Place("server.smoke.commands:smoke", "Ask a running installation, as its users would, whether it serves."),
    "texts": Place("server.system.commands:texts", "What people read, and whether it would still be taken."),
}


JOBS_ONLY = "--jobs-only"


async def others_use(*arguments: Any, **named: Any) -> bool:
    """What organisations' commands ask content (`server.organisations.paths.OthersUse`)."""
    from server.content import paths

    return await paths.others_use(*arguments, **named)


INTERRUPTED = 130  # 128 and the number of SIGINT, as a shell has it


class Lazy(click.Group):
    """A group that imports a domain's commands when they are used."""

    def invoke(self, context: click.Context) -> Any:
        """Whoever is interrupted, at a prompt or at work, says so; click would answer as to a refusal."""
        try:
            return super().invoke(context)
        except (KeyboardInterrupt, click.Abort) as stop:
            if not isinstance(stop.__context__ if isinstance(stop, click.Abort) else stop, KeyboardInterrupt):
                raise
            logging.getLogger("asyncio").disabled = True  # of what was under way, and breaks off
            click.echo("Interrupted.", err=True)
            context.exit(INTERRUPTED)

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *COMMANDS])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return super().get_command(context, name)
        place = COMMANDS[name]
        command: click.Command = imported(place.target)
        if place.also and isinstance(command, click.Group):
            command.commands.update(imported(place.also).commands)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        own = {name: command.get_short_help_str(100) for name, command in self.commands.items() if not command.hidden}
        with formatter.section("Commands"):
            formatter.write_dl(sorted({**own, **{name: place.help for name, place in COMMANDS.items()}}.items()))


def imported(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="gazette-server", prog_name="gazette")
@click.pass_context
def gazette(context: click.Context) -> None:
    """The backend of a government's websites."""
    context.obj = others_use


@gazette.command()
def serve() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    from server import settings
    from server.process import supervisor, telemetry

    values = settings.load()
    telemetry.configure(values)
    supervisor.serve(values)


@gazette.command()
def worker() -> None:
    """Do the background jobs, and answer for nothing but health and metrics, until SIGTERM or Ctrl-C."""
    from server import settings
    from server.process import supervisor, telemetry

    values = settings.for_jobs_only(settings.load())
    telemetry.configure(values)
    supervisor.serve(values, JOBS_ONLY)


@gazette.command(hidden=True)
@click.argument("number", type=int)
@click.option(JOBS_ONLY, is_flag=True)
def process(number: int, *, jobs_only: bool) -> None:
    """Be process NUMBER of those that the supervisor keeps running."""
    from functools import partial

    from server import app, settings
    from server.process import telemetry
    from server.process import worker as running

    values = settings.for_jobs_only(settings.load()) if jobs_only else settings.load()
    telemetry.configure(values, worker=number)
    sys.exit(running.main(values, number, partial(app.build, jobs_only=jobs_only)))


@gazette.command()
@click.argument("revision", default="head")
@is_sure
def migrate(revision: str, is_sure: bool) -> None:
    """Bring the database to REVISION: `head`, an earlier one, or `base` for none at all.

    Nothing is left of what is in the database with `base`, so it asks for the database's name.
    """
    import asyncio

    from server import settings
    from server.process import telemetry
    from server.stores import migrations

    values = settings.load()
    if revision == "base" and not is_sure:
        name = urlsplit(values.owner_database_url).path.removeprefix("/")
        confirm(f"All tables of the database {name} are dropped, with all that was ever published, and cannot come back.", name)
    telemetry.configure(values)
    asyncio.run(migrations.migrate(values, revision))


@gazette.command()
@click.option(
    "--target", "--address", default=None, metavar="HOST:PORT", help="The gRPC port.  [default: of the server that runs here]"
)
@click.option("--service", default="", help="Which service to ask about; empty: readiness.")
@click.option("--timeout", default=2.0, help="Seconds to wait.")
def health(target: str | None, service: str, timeout: float) -> None:
    """Ask a running server for its health: exit 0 when it is SERVING.

    It is the one that GAZETTE_HOME, GRPC_PORT, .env or a `make run` in this checkout say, and none where nothing says any.
    """
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    from server import settings

    try:
        address = target or settings.local_grpc_address()
    except settings.NobodyKnown as error:
        raise click.UsageError(str(error)) from None
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout)
        except grpc.RpcError as error:
            code: Any = getattr(error, "code", lambda: None)()
            raise click.ClickException(f"no answer from {address}: {code.name if code else error}") from None
    click.echo(f"{health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)} {address}")
    sys.exit(0 if answer.status == health_pb2.HealthCheckResponse.SERVING else 1)


def main() -> None:
    """Runs the command; what keeps it from its work is one line, and the exit code that says so."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # read as gRPC is imported; by default it notes each failed handshake
    try:
        gazette()
    except Exception as error:
        settings = sys.modules.get("server.settings")  # whoever raises CannotStart has imported it
        if settings is None or not isinstance(error, settings.CannotStart):
            raise
        click.echo(f"gazette: {error}", err=True)
        sys.exit(settings.CANNOT_START)
