"""AuditService: who may know what others did, and whether the audit is as it was written."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import PERMISSION_AUDIT_READ
from gazette.audit.v1 import audit_service_pb2 as rpc
from server.audit import queries, rules, verification, views
from server.rpc.answers import filled
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.rpc.messages import moment
from server.stores.postgres import Database

PAGE_SIZE = 50


@dataclass(frozen=True)
class AuditService:
    """Reads; the domains write."""

    database: Database
    paging: Paging

    async def ListAuditEvents(self, request: rpc.ListAuditEventsRequest, call: Call) -> rpc.ListAuditEventsResponse:
        caller = call.caller
        place = uuid.UUID(request.organisation_id) if request.organisation_id else None
        if place:
            caller.require(PERMISSION_AUDIT_READ, place)
        page = self.paging.page(request, caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            rows = await queries.events(
                connection,
                caller.organisations(PERMISSION_AUDIT_READ),
                limit=page.limit,
                before=page.after_id,
                actor_id=uuid.UUID(request.actor_id) if request.actor_id else None,
                target=request.target,
                action=request.action,
                organisation_id=place,
                since=moment(request.since_time) if request.HasField("since_time") else None,
                until=moment(request.until_time) if request.HasField("until_time") else None,
            )
        events, token = filled(page, rows, lambda row: (row.id,), views.audit_event)
        return rpc.ListAuditEventsResponse(audit_events=events, next_page_token=token)

    async def VerifyAudit(self, request: rpc.VerifyAuditRequest, call: Call) -> rpc.VerifyAuditResponse:
        call.caller.require(PERMISSION_AUDIT_READ)
        rules.check_known(request.known_number, request.known_sha256)
        async with self.database.read() as connection:
            return await verification.verify(connection, request)
