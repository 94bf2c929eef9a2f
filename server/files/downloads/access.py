"""Who may have a file, and which of its versions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from server.files import failures
from server.files.downloads import queries, rules
from server.files.downloads.served import Asked, Served
from server.files.downloads.tokens import DownloadTokens
from server.process.domains import Previewing
from server.rpc import identifying
from server.rpc.call import Call, Need
from server.rpc.caller import ANONYMOUS
from server.rpc.identifying import Authenticator
from server.stores.postgres import AnyRow, Database


@dataclass(frozen=True)
class Access:
    """Finds files for those who may have them."""

    database: Database
    authenticator: Authenticator
    previews: Callable[[], Previewing]
    tokens: DownloadTokens

    async def known(self, id: uuid.UUID, call: Call) -> tuple[AnyRow, bool]:
        """The file's row with `is_public`, and whether the caller may read its organisation's files: who may, in whatever state
        it is; all others, while it is public. Raises FileNotFound, and Unauthenticated for a bad access token."""
        caller = call.caller = await identifying.identified(call, self.authenticator)
        async with self.database.read() as connection:
            file = await queries.file(connection, id)
        is_insider = file is not None and rules.may_read(file, caller)
        if file is None or not (is_insider or rules.is_public(file)):
            raise failures.FileNotFound
        return file, is_insider

    async def served(self, asked: Asked, call: Call) -> Served:
        """The version that the caller may have, of themselves, by a token of it, or by one of a preview that shows it. Over
        HTTP a former version leads the public to what the file is now, and one that there is not yet is what it is now: pages
        that were restored elsewhere name such. Raises FileNotFound, for those who may read the organisation's files
        FileNotReady and FileRejected, and Unauthenticated for a bad access token."""
        caller = call.caller = await identifying.identified(call, self.authenticator)
        async with self.database.read() as connection:
            file = await queries.file(connection, asked.id)
        if file is None:
            raise failures.FileNotFound
        if rules.may_read(file, caller):
            rules.check_ready(file)
        if not rules.is_there(file):
            raise failures.FileNotFound
        is_now, is_named = asked.version in {0, file.version}, asked.version > 0
        if is_now and file.is_public:
            self.note(file, call, is_public=True)
            return Served.of(file, file, is_public=True, is_named=is_named)
        if await self.may_have(file, asked, call, is_now=is_now):
            version = file if is_now else await self.former(file, asked.version)
            return Served.of(file, version, is_public=False, is_named=is_named)
        if not (file.is_public and call.is_http):
            raise failures.FileNotFound
        if asked.version < file.version:
            return Served.of(file, file, is_public=True, is_named=True, is_elsewhere=True)
        return Served.of(file, file, is_public=True, is_named=False)

    async def may_have(self, file: AnyRow, asked: Asked, call: Call, *, is_now: bool) -> bool:
        """Whether the caller may have what the public may not."""
        if self.tokens.holds(asked.download_token, file.id, asked.version or file.version):
            return True
        if rules.may_read(file, call.caller):
            self.note(file, call, is_public=False)
            return True
        return bool(is_now and asked.preview_token and await self.previews().shows_file(asked.preview_token, file.id))

    async def former(self, file: AnyRow, number: int) -> AnyRow:
        async with self.database.read() as connection:
            version = await queries.former(connection, file.id, number)
        if version is None:
            raise failures.FileNotFound
        return version

    def note(self, file: AnyRow, call: Call, *, is_public: bool) -> None:
        """Says what the caller must be permitted all along; of what is public, nothing."""
        if is_public:
            call.caller = ANONYMOUS  # to whom it makes no difference
        else:
            call.needs += (Need(rules.READ, file.organisation_id),)
