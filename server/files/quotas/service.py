"""GetFileUsage and SetFileQuota."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1 import managing_pb2 as rpc
from server import audit, organisations
from server.files.failures import OrganisationNotFound
from server.files.quotas import reserving
from server.files.quotas.reserving import Used
from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Quotas:
    """What organisations store, and may."""

    database: Database
    default: int
    """FILE_QUOTA: of who has no quota of its own. 0: no bound."""

    async def GetFileUsage(self, request: rpc.GetFileUsageRequest, call: Call) -> rpc.GetFileUsageResponse:
        id = uuid.UUID(request.organisation_id)
        if not call.caller.may(Permission.PERMISSION_FILES_READ, id):
            raise OrganisationNotFound
        async with self.database.read() as connection:
            await organisations.existing(connection, id)
            used = await reserving.used(connection, id)
        return rpc.GetFileUsageResponse(usage=self.usage(id, used))

    async def SetFileQuota(self, request: rpc.SetFileQuotaRequest, call: Call) -> rpc.SetFileQuotaResponse:
        call.caller.require(Permission.PERMISSION_ORGANISATIONS_WRITE)
        id, quota = uuid.UUID(request.organisation_id), request.quota_bytes or None
        async with self.database.transaction() as connection:
            await organisations.existing(connection, id)
            before, used = await reserving.bind(connection, id, quota)
            if before != quota:
                await audit.add(
                    connection,
                    "file.quota",
                    id,
                    organisation_id=id,
                    before={"quota_bytes": before or 0},
                    after={"quota_bytes": quota or 0},
                )
        return rpc.SetFileQuotaResponse(usage=self.usage(id, used))

    def usage(self, organisation_id: uuid.UUID, used: Used) -> rpc.FileUsage:
        bound = used.bound(self.default)
        return rpc.FileUsage(organisation_id=str(organisation_id), used_bytes=used.used_bytes, quota_bytes=bound)
