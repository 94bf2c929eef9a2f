"""People, their organisations, and what is remembered of what they do."""

from __future__ import annotations

import uuid
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from gazette.audit.v1 import audit_service_pb2 as audit
from gazette.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from gazette.auth.v1 import account_service_pb2 as accounts
from gazette.auth.v1 import auth_service_pb2 as auth
from gazette.auth.v1 import organisation_service_pb2 as organisations
from gazette.auth.v1 import session_pb2 as sessions
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from tests.costs.day import Day
from tests.service import PASSWORD


async def people(day: Day) -> None:
    desk, channel = day.desk, day.desk.service.channel
    person = await desk.service.account()
    stub: Any = AuthServiceStub(channel)
    await desk.service.sign_in(person.email)
    answer = await day.measure(lambda: stub.Login(auth.LoginRequest(email=person.email, password=PASSWORD)))
    mine = (("authorization", f"Bearer {answer.access_token}"),)
    await day.measure(lambda: stub.RefreshToken(auth.RefreshTokenRequest(refresh_token=answer.refresh_token)))
    await day.measure(lambda: stub.GetMe(auth.GetMeRequest(), metadata=mine))
    await day.measure(lambda: stub.ListSessions(sessions.ListSessionsRequest(), metadata=mine))
    await day.measure(lambda: stub.Logout(auth.LogoutRequest(), metadata=mine))
    looking: Any = AccountServiceStub(channel)
    admin = desk.admin.metadata
    await day.measure(lambda: looking.GetAccount(accounts.GetAccountRequest(id=person.id), metadata=admin))
    await day.measure(lambda: looking.ListAccounts(accounts.ListAccountsRequest(), metadata=admin))


async def departments(day: Day) -> None:
    channel, admin = day.desk.service.channel, day.desk.admin.metadata
    stub: Any = OrganisationServiceStub(channel)
    wanted = Organisation(slug=f"department-{uuid.uuid4().hex[:12]}", name="Department")
    made = await day.measure(
        lambda: stub.CreateOrganisation(organisations.CreateOrganisationRequest(organisation=wanted), metadata=admin)
    )
    id, prefix = made.organisation.id, f"part-{uuid.uuid4().hex}"
    await day.measure(lambda: stub.GetOrganisation(organisations.GetOrganisationRequest(id=id), metadata=admin))
    await day.measure(lambda: stub.ListOrganisations(organisations.ListOrganisationsRequest(), metadata=admin))
    renamed = organisations.UpdateOrganisationRequest(
        organisation=Organisation(id=id, name="Another"), update_mask=FieldMask(paths=["name"])
    )
    await day.measure(lambda: stub.UpdateOrganisation(renamed, metadata=admin))
    reserve = organisations.ReservePathRequest(organisation_id=id, prefix=prefix)
    await day.measure(lambda: stub.ReservePath(reserve, metadata=admin))
    release = organisations.ReleasePathRequest(organisation_id=id, prefix=prefix)
    await day.measure(lambda: stub.ReleasePath(release, metadata=admin))
    events = AuditServiceStub(channel)
    await day.measure(lambda: events.ListAuditEvents(audit.ListAuditEventsRequest(), metadata=admin))
