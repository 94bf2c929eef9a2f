"""`gazette backup` and `gazette restore`."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from server import settings
from server.process.commands import Unreachable, refusal
from server.process.showing import as_json
from server.recovery import archiving, manifests, restoring, retaining, taking, verifying
from server.recovery.failures import DatabaseUnreachable, RecoveryFailed
from server.recovery.programs import Programs
from server.recovery.vault import Vault, open_vault
from server.rpc import failures
from server.settings import Settings
from server.stores import backups

Result = TypeVar("Result")
Time = click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S.%fZ"])
named = click.option("--backup", "id_", default="", metavar="ID", help="Which one.  [default: the newest]")


def run(work: Callable[[Settings, Vault], Awaitable[Result]]) -> Result:
    """Does the work; what fails is one line."""
    values = settings.load()

    async def with_vault() -> Result:
        async with open_vault(values) as vault:
            return await work(values, vault)

    try:
        return asyncio.run(with_vault())
    except DatabaseUnreachable as failure:
        raise Unreachable(str(failure)) from None
    except RecoveryFailed as failure:
        raise click.ClickException(str(failure)) from None
    except failures.Failure as failure:
        raise refusal(failure) from None


def tell(line: str) -> None:
    click.echo(f"{datetime.now(UTC).isoformat(timespec='seconds')} {line}")


@click.group(invoke_without_command=True)
@click.option("--verify-by-restoring", "by_restoring", is_flag=True, help="Restore it into a cluster that is thrown away.")
@click.pass_context
def backup(context: click.Context, by_restoring: bool) -> None:
    """Back up the database and the files, verify that, and let go of what is older than BACKUP_RETENTION."""
    if context.invoked_subcommand:
        return

    async def work(values: Settings, vault: Vault) -> list[str]:
        manifest = await taking.take(values, vault, tell)
        if by_restoring:
            await verifying.verify_by_restoring(vault, Programs.of(values), manifest, tell)
        await verifying.verify_wal(vault, manifest, tell)
        await retaining.retain(vault, datetime.now(UTC), values.backup_retention, tell)
        if not manifest.flaws:
            await taking.note(values, backups.BACKUP, manifest.finish_time)
        tell(f"backup {manifest.id} is whole: {manifest.size} bytes and {manifest.file_count} files")
        return manifest.flaws

    if flaws := run(work):
        raise click.ClickException(f"but {len(flaws)} files are not what they say: {'; '.join(flaws[:5])}")


@backup.command("list")
@as_json
def list_backups(is_json: bool) -> None:
    """List the backups, the newest last."""

    async def work(_: Settings, vault: Vault) -> tuple[list[manifests.Manifest], list[str]]:
        finished, unfinished = await manifests.ids(vault)
        return [await manifests.load(vault, each) for each in finished], unfinished

    found, unfinished = run(work)
    if is_json:
        click.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
        return
    for each in found:
        what = "dump, base" if each.physical else "dump"
        ends = f"record {each.contents.record.number}, audit {each.contents.audit.number}"
        click.echo(f"{each.id}  {each.size} bytes ({what})  {each.file_count} files  {ends}  {len(each.flaws)} flaws")
    for id_ in unfinished:
        click.echo(f"{id_}  was never finished")


@backup.command("verify")
@named
@click.option("--files", "with_files", is_flag=True, help="Read the copies of all its files, too.")
@click.option("--by-restoring", is_flag=True, help="Restore it into a cluster that is thrown away.")
def verify(id_: str, with_files: bool, by_restoring: bool) -> None:
    """Read a backup again, and say whether it is what was stored."""

    async def work(values: Settings, vault: Vault) -> None:
        manifest = await manifests.chosen(vault, id_)
        await verifying.verify(vault, Programs.of(values), manifest, tell)
        if with_files:
            await verifying.verify_files(vault, manifest, tell)
        if by_restoring:
            await verifying.verify_by_restoring(vault, Programs.of(values), manifest, tell)
        await verifying.verify_wal(vault, manifest, tell)

    run(work)


@backup.command("wal")
def archive_wal() -> None:
    """Archive what the database writes, as it writes it, until SIGTERM."""

    async def work(values: Settings, vault: Vault) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await archiving.archive(values, vault, tell, stop)

    run(work)


@click.group(invoke_without_command=True)
@named
@click.option("--dump", is_flag=True, help="Restore the dump into the owner's database, which must be empty.")
@click.option(
    "--data-directory", type=click.Path(file_okay=False, path_type=Path), help="Make a data directory for PostgreSQL."
)
@click.option("--to-time", type=Time, help="Up to which moment.  [default: the last that was archived]")
@click.option("--files", "with_files", is_flag=True, help="Put the files' bytes back where they are not as they should be.")
@click.pass_context
def restore(
    context: click.Context,
    id_: str,
    dump: bool,
    data_directory: Path | None,
    to_time: datetime | None,
    with_files: bool,
) -> None:
    """Bring a backup back: --dump, or --data-directory with what was written since; and --files."""
    if context.invoked_subcommand:
        return
    if (dump and data_directory) or not (dump or data_directory or with_files):
        raise click.UsageError("name what to restore: --dump or --data-directory, and --files")
    if to_time and not data_directory:
        raise click.UsageError("--to-time goes with --data-directory: a dump is of one moment")
    moment = to_time.replace(tzinfo=to_time.tzinfo or UTC) if to_time else None

    async def work(values: Settings, vault: Vault) -> None:
        manifest = await manifests.chosen(vault, id_, moment)
        if dump:
            await restoring.dump(values, vault, manifest, tell)
        if data_directory:
            await restoring.data_directory(vault, manifest, data_directory, moment, tell)
        if with_files:
            await restoring.put_files_back(values, vault, manifest, tell)

    run(work)


@restore.command("check")
@named
@click.option("--exact", is_flag=True, help="Every table is as in the dump: before anything writes, or is migrated.")
def check(id_: str, exact: bool) -> None:
    """Compare what was restored with the backup: the record, the audit, every file. Exit 0 if nothing is missing."""

    async def work(values: Settings, vault: Vault) -> list[str]:
        manifest = await manifests.chosen(vault, id_)
        return await restoring.check(values, manifest, is_exact=exact, tell=tell)

    if wrong := run(work):
        raise click.ClickException(f"{len(wrong)} things are wrong: {'; '.join(wrong[:10])}")
    tell("all that was backed up is there")
