"""One's own account: GetMe, UpdateMe, ChangeEmail, ConfirmEmail."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1 import profile_pb2
from server import audit, mail
from server.auth import failures
from server.auth.accounts import addresses, views
from server.auth.accounts import queries as account_queries
from server.auth.accounts import rules as account_rules
from server.auth.accounts.changes import rename
from server.auth.accounts.finding import Principal, own_account
from server.auth.clock import utc_now
from server.auth.guessing.mailing import EMAIL_CHANGES as TO_ONE_ADDRESS
from server.auth.guessing.mailing import count_mail
from server.auth.guessing.throttle import Budget, Exhausted, Throttle
from server.auth.links import queries as link_queries
from server.auth.links.mailed import Links
from server.auth.links.purposes import EMAIL_CHANGE
from server.auth.passwords.confirming import Confirmations
from server.rpc.call import Call
from server.rpc.failures import ResourceExhausted, Unauthenticated
from server.rpc.requests import masks
from server.stores.postgres import AnyRow, Database, violated

EMAIL_CHANGES = Budget("email changes", 5, timedelta(hours=1))
"""What one account may ask for. Each is mailed to whatever address it names: ours is not to be the mail server of who bothers
others."""
TOO_MANY_TO_ONE = "Too many mails were sent to this address. Try again later."
TOO_MANY = "Too many mails were sent for changes of this account's address. Try again later."


@dataclass(frozen=True)
class Profile:
    """How people see and change their own accounts."""

    database: Database
    confirmations: Confirmations
    throttle: Throttle
    links: Links
    now: Callable[[], datetime] = utc_now

    async def GetMe(self, request: rpc.GetMeRequest, call: Call) -> rpc.GetMeResponse:
        async with self.database.read() as connection:
            account = await account_queries.active_account(connection, call.caller.known_id)
            if account is None:
                raise Unauthenticated
            return rpc.GetMeResponse(account=views.shown(account, await account_queries.grants(connection, account.id)))

    async def UpdateMe(self, request: profile_pb2.UpdateMeRequest, call: Call) -> profile_pb2.UpdateMeResponse:
        masks.fields("account", request.account, request.update_mask, {"name"}, required={"name"})
        async with own_account(self.database, call.caller) as (connection, account):
            grants = await account_queries.grants(connection, account.id)
            await rename(connection, Principal(account, grants), request.account.name)
            changed = await account_queries.account(connection, account.id)
        return profile_pb2.UpdateMeResponse(account=views.shown(changed or account, grants))

    async def ChangeEmail(self, request: profile_pb2.ChangeEmailRequest, call: Call) -> profile_pb2.ChangeEmailResponse:
        account_rules.refuse(*account_rules.wrong_email(request.email, "email"))
        email = addresses.canonical(request.email)
        verified = await self.confirmations.confirmed_account(call.caller, request.password)
        try:
            await self.throttle.reserve(EMAIL_CHANGES.of(verified.id))
        except Exhausted as exhausted:
            raise ResourceExhausted(TOO_MANY, reason="TOO_MANY_MAILS", retry_after=exhausted.retry_after) from None
        async with self.database.transaction() as connection:
            account = await account_queries.lock_verified(connection, verified.id, verified.password_hash)
            if account is None:
                raise Unauthenticated
            # Whether the address is free or taken: which it is does not show.
            seconds = await count_mail(connection, TO_ONE_ADDRESS, await account_queries.folded(connection, email))
            if seconds:
                raise ResourceExhausted(TOO_MANY_TO_ONE, reason="TOO_MANY_MAILS", retry_after=seconds)
            other = await account_queries.account_by_email(connection, email)
            if other is None or other.id == account.id:
                await self.links.send(connection, account, EMAIL_CHANGE, email)
            elif other.state == account_queries.ACTIVE:
                await mail.add(connection, "email-taken", other.email, account_id=other.id, name=other.name)
            await audit.add(connection, "account.email_change_request", account.id, personal={"email": email})
        return profile_pb2.ChangeEmailResponse()

    async def ConfirmEmail(self, request: profile_pb2.ConfirmEmailRequest, call: Call) -> profile_pb2.ConfirmEmailResponse:
        async with self.database.transaction() as connection:
            link, account = await self.links.use(connection, EMAIL_CHANGE, request.token)
            await set_email(connection, account.id, link.email)
            await link_queries.end_all(connection, account.id, self.now())  # those in mails to the old address
            await mail.add(connection, "email-changed", account.email, account_id=account.id, name=account.name)
            changed = {"before": account.email, "after": link.email}
            await audit.add(connection, "account.email_change", account.id, actor_id=account.id, personal=changed)
        return profile_pb2.ConfirmEmailResponse()


async def set_email(connection: AsyncConnection, account_id: uuid.UUID, email: str) -> AnyRow:
    """Raises EmailTaken."""
    try:
        return await account_queries.change(connection, account_id, email=addresses.asked(email))
    except exc.IntegrityError as error:
        if violated(error) == "uq_accounts_email":
            raise failures.EmailTaken from None
        raise
