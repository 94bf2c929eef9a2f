"""API_KEY: the key of the first service account, which is there before anybody could make one."""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from server.auth import failures
from server.auth.accounts import finding
from server.auth.api_keys import keys, queries, rules
from server.auth.clock import utc_now
from server.background.jobs import Job
from server.settings import CannotStart
from server.stores.postgres import Database

log = structlog.get_logger(__name__)

ACCOUNT = "bootstrap"
NAME = "API_KEY"
RETRY_SECONDS = 10.0


class WrongApiKey(CannotStart):
    """The variable holds no key; nothing was started."""


def check(key: str) -> None:
    """Raises WrongApiKey for a key with a typing error."""
    try:
        rules.id_of(key)
    except failures.InvalidApiKey:
        raise WrongApiKey("API_KEY is not a key, or has a typing error; make one with: gazette keys generate") from None


async def ensure(connection: AsyncConnection, key: str) -> bool:
    """Stores the key, and returns whether it did. Otherwise it is there already, revoked or not: nothing brings a key back."""
    if await queries.is_known(connection, rules.digest(key)):
        return False
    account = await queries.admin_named(connection, ACCOUNT)
    principal = (
        await finding.found(connection, account.id)
        if account is not None
        else await keys.create_service(connection, ACCOUNT, Role.ROLE_ADMIN, None)
    )
    now, scopes = utc_now(), [number for number in Permission.values() if number]
    end = now + rules.LONGEST
    return await keys.add(connection, principal, rules.id_of(key), key, NAME, scopes, now, end) is not None


def job(database: Database, key: str) -> Job:
    """A job that stores the key as soon as the database can be reached; of many processes at once one does."""
    is_done = False

    async def work() -> None:
        nonlocal is_done
        if not is_done:
            async with database.transaction() as connection:
                if await ensure(connection, key):
                    log.info("API_KEY stored", account=ACCOUNT)
            is_done = True

    return Job("bootstrap key", work, seconds=RETRY_SECONDS)
