"""What links in mails are for, and how long each of them holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from gazette.auth.v1.account_pb2 import AccountState

INVITATION, PASSWORD_RESET, EMAIL_CHANGE = "invitation", "password-reset", "email-change"


class Purpose(NamedTuple):
    """What a link is for."""

    page: str
    """The page of the website where the person goes on."""
    lifetime: timedelta
    state: AccountState.ValueType
    """The state that the account must be in."""


PURPOSES: Mapping[str, Purpose] = {
    INVITATION: Purpose("accept-invitation", timedelta(days=7), AccountState.ACCOUNT_STATE_INVITED),
    PASSWORD_RESET: Purpose("reset-password", timedelta(hours=1), AccountState.ACCOUNT_STATE_ACTIVE),
    EMAIL_CHANGE: Purpose("confirm-email", timedelta(days=1), AccountState.ACCOUNT_STATE_ACTIVE),
}
