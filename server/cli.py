"""The command `gazette`."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from typing import Any

import click

from server import settings
from server.content import paths
from server.process import supervisor, telemetry
from server.stores import migrations

COMMANDS = {
    "accounts": "server.auth.administration.commands:accounts",
    "audit": "server.audit.commands:audit",
    "organisations": "server.organisations.commands:organisations",
    "keys": "server.auth.api_keys.commands:keys",
    "sessions": "server.auth.administration.session_commands:commands",
    "import": "server.importer.commands:import_documents",
    "export": "server.importer.commands:export_documents",
    "demo": "server.demo.commands:demo",
}
"""Commands of the domains, imported when they are asked for: `gazette health` must not load them all."""


async def others_use(*arguments: Any, **named: Any) -> bool:
    """What auth's commands ask content (`server.auth.paths.OthersUse`)."""

    return await paths.others_use(*arguments, **named)


class Lazy(click.Group):
    """A group that imports a domain's commands when they are used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *COMMANDS])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return super().get_command(context, name)
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="gazette-server", prog_name="gazette")
@click.pass_context
def gazette(context: click.Context) -> None:
    """The backend of a government's websites."""
    context.obj = others_use


@gazette.command()
def serve() -> None:
    """Serve until SIGTERM or Ctrl-C."""

    values = settings.load()
    telemetry.configure(values)
    supervisor.serve(values)


@gazette.command()
@click.argument("revision", default="head")
def migrate(revision: str) -> None:
    """Bring the database to REVISION: `head`, an earlier one, or `base` for none at all."""

    values = settings.load()
    telemetry.configure(values)
    asyncio.run(migrations.migrate(values, revision))


@gazette.command()
@click.option("--address", default=None, help="HOST:PORT of the gRPC port.  [default: the one of GRPC_PORT]")
@click.option("--service", default="", help="Which service to ask about; empty: readiness.")
@click.option("--timeout", default=2.0, help="Seconds to wait.")
def health(address: str | None, service: str, timeout: float) -> None:
    """Ask a running server for its health: exit 0 when it is SERVING."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address or settings.local_grpc_address()) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout)
        except grpc.RpcError as error:
            code: Any = getattr(error, "code", lambda: None)()
            raise click.ClickException(f"no answer: {code.name if code else error}") from None
    click.echo(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
    sys.exit(0 if answer.status == health_pb2.HealthCheckResponse.SERVING else 1)


def main() -> None:
    """Runs the command; what keeps it from its work is one line. Imports nothing: a container asks `gazette health` every few
    seconds."""
    try:
        gazette()
    except settings.CannotStart as error:
        click.echo(f"gazette: {error}", err=True)
        sys.exit(settings.CANNOT_START)
