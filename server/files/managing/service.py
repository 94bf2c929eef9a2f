"""ListFiles, UpdateFile, DeleteFile, RestoreFile, ListFileVersions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1 import managing_pb2 as rpc
from gazette.files.v1.file_pb2 import FileVersion
from server import audit
from server.files import failures, purging, views
from server.files.fields import Fields
from server.files.managing import queries, rules
from server.files.managing.removing import Left, Removal
from server.files.replacing import queries as replacing
from server.files.uploads.rules import check_name
from server.process.domains import FilePages
from server.rpc.call import Call
from server.rpc.lists.paging import InvalidPageToken, Paging
from server.rpc.messages import message
from server.rpc.requests import masks
from server.stores.postgres import AnyRow, Database

PAGE_SIZE = 50
MOST_USES = 50
FIELDS = Fields(rules.NAME, "", "", "")


@dataclass(frozen=True)
class Managing:
    """What editors do with the files that there are."""

    database: Database
    paging: Paging
    pages: FilePages
    removal: Removal

    async def ListFiles(self, request: rpc.ListFilesRequest, call: Call) -> rpc.ListFilesResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        after = page.position and place(*page.position)
        whose = rules.listed(call.caller, request.organisation_id)
        async with self.database.read() as connection:
            rows = await queries.files(connection, request, whose, after or (), page.limit)
            rows, token = page.cut(rows, lambda row: (row.create_time.isoformat(), row.id))
            replacements = await replacing.replacements(connection, [row.id for row in rows])
        files = [views.shown(row, replacement=replacements.get(row.id)) for row in rows]
        return rpc.ListFilesResponse(files=files, next_page_token=token)

    async def UpdateFile(self, request: rpc.UpdateFileRequest, call: Call) -> rpc.UpdateFileResponse:
        wanted = request.file
        paths = masks.fields("file", wanted, request.update_mask, rules.WRITABLE, required=("name",))
        if "name" in paths:
            check_name(wanted.name, FIELDS)
        async with self.database.transaction() as connection:
            found = await queries.locked(connection, uuid.UUID(wanted.id))
            file = rules.changeable(found, call.caller, wanted.etag)
            pages = await queries.pages(connection, file.id)
            rules.check_publisher(call.caller, file, pages)
            changed = rules.changes(file, wanted, paths)
            row: AnyRow | None
            if changed:
                row = await queries.change(connection, file.id, **changed)
                await self.follow(connection, file.id, pages)
                await audit.add(
                    connection,
                    "file.update",
                    file.id,
                    organisation_id=file.organisation_id,
                    personal={"name": wanted.name} if "name" in changed else None,
                    fields=sorted(changed),
                )
            else:
                row = await queries.file(connection, file.id)
            replacements = await replacing.replacements(connection, [file.id])
        return rpc.UpdateFileResponse(file=views.shown(row, replacement=replacements.get(file.id)))

    async def DeleteFile(self, request: rpc.DeleteFileRequest, call: Call) -> rpc.DeleteFileResponse:
        rules.check_explained(request)
        response = rpc.DeleteFileResponse()
        async with self.database.transaction() as connection:
            file = rules.writable(await queries.locked(connection, uuid.UUID(request.id)), call.caller)
            if request.now:
                call.caller.require(rules.PUBLISH, file.organisation_id)
                left = await self.delete_now(connection, file, request.explanation)
            else:
                if file.delete_time is not None:
                    raise failures.FileNotFound
                uses = await self.pages.uses(connection, file.id, file.organisation_id)
                rules.check_unused(uses, MOST_USES)
                left, row = await self.delete(connection, file)
                if row is not None:
                    response.restorable_until_time.FromDatetime(row.delete_time + rules.KEPT)
        await self.removal.bytes(left)
        return response

    async def delete(self, connection: AsyncConnection, file: AnyRow) -> tuple[Left, AnyRow | None]:
        """Nothing shows the file. The row, where it stays for a while."""
        if not rules.is_kept(file):
            left, row = await self.removal.row(connection, file), None
        else:
            left = await self.removal.uploads(connection, file)
            row = await queries.change(connection, file.id, delete_time=datetime.now(UTC))
        await audit.add(connection, "file.delete", file.id, organisation_id=file.organisation_id, **rules.told(file))
        return left, row

    async def delete_now(self, connection: AsyncConnection, file: AnyRow, explanation: str) -> Left:
        """Whatever shows the file shows it no longer, and caches forget it, though it may not be public by now."""
        pages = await queries.leave_pages(connection, file.id)
        uses = await self.pages.uses(connection, file.id, file.organisation_id)
        left = await self.removal.row(connection, file)
        await purging.purge(connection, [file.id])
        await self.pages.follow(connection, pages, is_urgent=True)
        await audit.add(
            connection,
            "file.delete_now",
            file.id,
            organisation_id=file.organisation_id,
            personal={"name": file.name},
            explanation=explanation,
            documents=[str(each.document_id) for each in uses],
            versions=file.version,
            **rules.told(file),
        )
        return left

    async def follow(self, connection: AsyncConnection, file_id: uuid.UUID, pages: Sequence[uuid.UUID]) -> None:
        """Has pages and caches show what was changed of a file."""
        if pages:
            await purging.purge(connection, [file_id])
            await self.pages.follow(connection, pages, is_urgent=False)

    async def RestoreFile(self, request: rpc.RestoreFileRequest, call: Call) -> rpc.RestoreFileResponse:
        async with self.database.transaction() as connection:
            file = rules.writable(await queries.locked(connection, uuid.UUID(request.id)), call.caller)
            if not rules.is_restorable(file, datetime.now(UTC)):
                raise failures.FileNotFound
            row = await queries.change(connection, file.id, delete_time=None)
            await audit.add(connection, "file.undelete", file.id, organisation_id=file.organisation_id, **rules.told(file))
        return rpc.RestoreFileResponse(file=views.shown(row))

    async def ListFileVersions(self, request: rpc.ListFileVersionsRequest, call: Call) -> rpc.ListFileVersionsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            file = rules.readable(await queries.file(connection, uuid.UUID(request.id)), call.caller)
            rows = await queries.versions(connection, file.id, page.after, page.limit)
        rows, token = page.cut(rows, lambda row: (row.version,))
        return rpc.ListFileVersionsResponse(versions=[message(FileVersion, row) for row in rows], next_page_token=token)


def place(create_time: str, id: str) -> tuple[datetime, uuid.UUID]:
    """Where a list of files goes on. Raises InvalidPageToken."""
    try:
        return datetime.fromisoformat(create_time), uuid.UUID(id)
    except (TypeError, ValueError):
        raise InvalidPageToken from None
