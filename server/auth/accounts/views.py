"""Accounts as the contract's messages, whole or as far as a caller may see them."""

from __future__ import annotations

from collections.abc import Iterable

from gazette.auth.v1.account_pb2 import Account, Grant
from server.auth.accounts import rules
from server.auth.accounts.finding import Principal
from server.rpc.caller import Caller
from server.rpc.messages import message
from server.stores.postgres import AnyRow


def shown(account: AnyRow, grants: Iterable[AnyRow]) -> Account:
    return message(Account, account, grants=[message(Grant, grant) for grant in grants])


def shown_to(caller: Caller, principal: Principal) -> Account:
    """The account as the caller may see it, without what is other organisations' business."""
    return shown(principal.account, rules.shown_grants(caller, principal.grants))
