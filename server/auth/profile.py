"""One's own account: GetMe, UpdateMe, ChangeEmail, ConfirmEmail."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1 import profile_pb2
from server import calls, errors, masks
from server.audit import queries as audit
from server.auth import account_changes, account_queries, accounts, link_queries, queries, rules
from server.auth.accounts import Holder
from server.auth.links import EMAIL_CHANGE
from server.auth.parts import AuthParts, Context
from server.auth.throttle import Budget, Exhausted
from server.database import AnyRow, violated
from server.mail import queries as mail

EMAIL_CHANGES = Budget("email changes", 5, timedelta(hours=1))
"""Of one account. Each is mailed to whatever address it names: ours is not to be the mail server of who bothers others."""
TOO_MANY = "Too many mails were sent for changes of this account's address. Try again later."


class Profile(AuthParts):
    """How people see and change their own accounts."""

    async def GetMe(self, request: rpc.GetMeRequest, context: Context) -> rpc.GetMeResponse:
        async with self.database.read() as connection:
            account = await queries.active_account(connection, calls.current().caller.known_id)
            if account is None:
                raise errors.Unauthenticated
            return rpc.GetMeResponse(account=accounts.shown(account, await queries.grants(connection, account.id)))

    async def UpdateMe(self, request: profile_pb2.UpdateMeRequest, context: Context) -> profile_pb2.UpdateMeResponse:
        masks.fields("account", request.account, request.update_mask, {"name"}, required={"name"})
        async with self.own_account() as (connection, account):
            grants = await queries.grants(connection, account.id)
            await account_changes.rename(connection, Holder(account, grants), request.account.name)
            changed = await account_queries.account(connection, account.id)
        return profile_pb2.UpdateMeResponse(account=accounts.shown(changed or account, grants))

    async def ChangeEmail(self, request: profile_pb2.ChangeEmailRequest, context: Context) -> profile_pb2.ChangeEmailResponse:
        rules.refuse(*rules.wrong_email(request.email, "email"))
        verified = await self.confirmed_account(request.password)
        try:
            await self.throttle.reserve(EMAIL_CHANGES.of(verified.id))
        except Exhausted as exhausted:
            raise errors.ResourceExhausted(TOO_MANY, reason="TOO_MANY_MAILS", retry_after=exhausted.retry_after) from None
        async with self.database.transaction() as connection:
            account = await queries.lock_verified(connection, verified.id, verified.password_hash)
            if account is None:
                raise errors.Unauthenticated
            holder = await queries.account_by_email(connection, request.email)
            if holder is None or holder.id == account.id:
                await self.links.send(connection, account, EMAIL_CHANGE, request.email)
            elif holder.state == queries.ACTIVE:
                await mail.add(connection, "email-taken", holder.email, account_id=holder.id, name=holder.name)
            await audit.add(connection, "account.email_change_request", account.id, personal={"email": request.email})
        return profile_pb2.ChangeEmailResponse()

    async def ConfirmEmail(
        self, request: profile_pb2.ConfirmEmailRequest, context: Context
    ) -> profile_pb2.ConfirmEmailResponse:
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
        return await account_queries.change(connection, account_id, email=email)
    except exc.IntegrityError as error:
        if violated(error) == "uq_accounts_email":
            raise rules.EmailTaken from None
        raise
