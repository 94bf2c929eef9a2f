"""An authenticator app that somebody sets up, signs in with and gets rid of."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
from sqlalchemy import update

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1 import totp_pb2
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.models import Account
from tests.auth.stored import change
from tests.service import PASSWORD, Person, Service


@dataclass
class App:
    """An authenticator app that somebody has set up."""

    person: Person
    secret: str
    recovery_codes: Sequence[str]

    def code(self, *, later: int = 0) -> str:
        """What it shows `later` steps of 30 seconds from now."""
        return pyotp.TOTP(self.secret).at(datetime.now(UTC), counter_offset=later)


async def enrol(service: Service, person: Person) -> totp_pb2.EnrolTotpResponse:
    return await AuthServiceStub(service.channel).EnrolTotp(
        totp_pb2.EnrolTotpRequest(password=PASSWORD), metadata=person.metadata
    )


async def set_up(service: Service, person: Person) -> App:
    """An app, as if it was confirmed half a minute ago: the code of now is still to be used."""
    secret = (await enrol(service, person)).secret
    request = totp_pb2.ConfirmTotpRequest(code=App(person, secret, ()).code())
    answer = await AuthServiceStub(service.channel).ConfirmTotp(request, metadata=person.metadata)
    earlier = update(Account).where(Account.id == uuid.UUID(person.id)).values(totp_last_step=Account.totp_last_step - 1)
    await change(service, earlier)
    return App(person, secret, [*answer.recovery_codes])


async def sign_in(service: Service, person: Person, code: str = "") -> rpc.LoginResponse:
    request = rpc.LoginRequest(email=person.email, password=person.password, totp_code=code)
    return await AuthServiceStub(service.channel).Login(request)


async def disable(service: Service, person: Person, code: str, password: str = PASSWORD) -> None:
    request = totp_pb2.DisableTotpRequest(password=password, code=code)
    await AuthServiceStub(service.channel).DisableTotp(request, metadata=person.metadata)


def wrong(app: App) -> str:
    """Six digits that the app shows neither now nor about now."""
    shown = {app.code(later=step) for step in range(-3, 4)}
    return next(code for code in map("{:06}".format, range(8)) if code not in shown)
