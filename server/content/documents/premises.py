"""What a change of a document is decided by, as this process holds it: content types, and who has reserved which paths."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import asyncpg

from server import organisations
from server.background.processes import Processes
from server.content import failures
from server.content.checks.details import Schemas, Verdicts
from server.content.preconditions import Unready
from server.content.types import held as types
from server.content.types.failures import FieldForbidden
from server.content.types.permitting import FieldPermissions
from server.content.types.reading import Details
from server.organisations import Reservations
from server.rpc.failures import Failure
from server.stores.held import Held
from server.stores.postgres import Database
from server.stores.statements import Row

Result = TypeVar("Result")
Attempt = Callable[[bool], Awaitable[Result | None]]
"""Decides and writes: by what is held, or, given True, by what the database says now. None if nothing was written, because
what it was decided by has changed."""

ATTEMPTS = 4


@dataclass(frozen=True)
class Premises:
    """What is held, and the way to act on it."""

    schemas: Schemas
    objects: Details
    field_permissions: FieldPermissions
    content_types: Held[Row] = field(default_factory=lambda: Held(types.read_content_type))
    reservations: Held[Reservations] = field(default_factory=lambda: Held(organisations.read_reservations))

    @classmethod
    def of(cls, processes: Processes) -> Premises:
        return cls(Schemas(processes), Details.of(processes), FieldPermissions(processes))

    async def settled(self, attempt: Attempt[Result]) -> Result:
        """What the attempt comes to. Nothing is refused, and nothing given up, by what was only held. Raises what the attempt
        does, and Contended."""
        try:
            result = await attempt(False)
        except (failures.InvalidDetails, failures.PathReserved, failures.Unfit, FieldForbidden, Unready):
            result = None
        for _ in range(ATTEMPTS):
            if result is not None:
                return result
            result = await attempt(True)
        if result is None:
            raise failures.Contended
        return result

    async def held_content_type(self, database: Database, name: str) -> Row:
        """The content type, for what is done before a change is decided. Raises ContentTypeMissing."""
        async with database.direct() as connection:
            return await self.content_type(connection, name, anew=False)

    async def content_type(self, connection: asyncpg.Connection, name: str, *, anew: bool) -> Row:
        """Raises ContentTypeMissing."""
        content_type = await self.content_types.get(connection, name, anew=anew)
        if content_type is None:
            raise failures.ContentTypeMissing(name)
        return content_type

    async def unmet_details(self, content_type: Row, document: Row, verdicts: Verdicts) -> list[Failure]:
        """What keeps a draft from being submitted, approved and published, of what it says. As `check_complete`."""
        try:
            await self.check_complete(content_type, document, verdicts)
        except failures.UnfinishedDetails as failure:
            return [failure]
        return []

    async def check_complete(self, content_type: Row, document: Row, verdicts: Verdicts) -> None:
        """Raises UnfinishedDetails. No connection is to be held meanwhile: it may take a while."""
        check = partial(self.schemas.check_complete, content_type, document.details, document.body)
        await verdicts.once((content_type.version, document.version), check)

    async def generation(
        self,
        connection: asyncpg.Connection,
        organisation_id: uuid.UUID,
        path: str,
        *,
        with_all_below: bool = False,
        anew: bool,
    ) -> int:
        """The generation of the reservations by which the organisation may use the path. Raises PathReserved."""
        reservations = await self.reservations.get(connection, anew=anew)
        assert reservations is not None, "path_generation has its one row"
        if not reservations.may_use(organisation_id, path, with_all_below=with_all_below):
            raise failures.PathReserved(path)
        return reservations.generation


def unchanged(content_type: Row, generation: int | None) -> dict[str, Any]:
    """What the conditions of a statement are given: it writes only if the content type and the reservations are still these."""
    return {**types.parameters(content_type), "path_generation": generation}
