"""Organisations with authors of their own, and short ways to reserve, release and use parts of the site."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import ReleasePathRequest, ReservePathRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1.document_pb2 import Document, LiveState
from tests.content.desk import Desk, imported
from tests.service import Person


@dataclass
class Site:
    """A desk, the organisation that it is of, and a second one."""

    desk: Desk
    other_id: str
    other_admin: Person
    """Admin of the second organisation alone."""

    @classmethod
    async def opened(cls, desk: Desk) -> Site:
        other_id = await desk.service.organisation()
        return cls(desk, other_id, await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=other_id))

    @property
    def own_id(self) -> str:
        return self.desk.organisation_id

    def at(self, path: str) -> str:
        """The path in the desk's own part of the site, beneath which `/` stands for its beginning."""
        return f"{self.desk.root}{path}".rstrip("/")

    def under(self, prefix: str) -> str:
        """The prefix in the desk's own part of the site."""
        return self.at(f"/{prefix}")[1:]

    @property
    def organisations(self) -> Any:
        return OrganisationServiceStub(self.desk.service.channel)

    async def reserve(self, organisation_id: str, prefix: str, by: Person | None = None) -> Organisation:
        request = ReservePathRequest(organisation_id=organisation_id, prefix=prefix)
        answer = await self.organisations.ReservePath(request, metadata=(by or self.desk.admin).metadata)
        reserved: Organisation = answer.organisation
        return reserved

    async def release(self, organisation_id: str, prefix: str, by: Person | None = None) -> Organisation:
        request = ReleasePathRequest(organisation_id=organisation_id, prefix=prefix)
        answer = await self.organisations.ReleasePath(request, metadata=(by or self.desk.admin).metadata)
        released: Organisation = answer.organisation
        return released

    async def create(self, path: str) -> Document:
        """A draft of the desk's own organisation."""
        return await self.desk.create(path)

    async def create_other(self, path: str) -> Document:
        """A draft of the second organisation."""
        return await self.desk.create(path, organisation_id=self.other_id, metadata=self.other_admin.metadata)

    async def redirect(self, path: str, location: str, *, key: str = "", covers: bool = False) -> tuple[str, str]:
        """Imports a redirect of the desk's organisation: the reason why it was refused, if it was, and its translation key."""
        key = key or str(uuid.uuid4())
        part = imported(path, key=key, live_state=LiveState.LIVE_STATE_REDIRECTED, location=location, covers_prefix=covers)
        (result,) = await self.desk.bring_in(part)
        return result.reason, key
