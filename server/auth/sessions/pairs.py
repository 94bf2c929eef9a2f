"""The two tokens that whoever has signed in is given: an access token, and a refresh token for the next pair."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from server.auth import permissions
from server.auth.tokens.access import AccessTokens
from server.auth.tokens.refresh import RefreshTokens
from server.rpc.messages import timestamp
from server.stores.postgres import AnyRow


@dataclass(frozen=True)
class TokenPairs:
    """Makes the pair of tokens that a session and its account's grants allow."""

    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens
    totp_required_roles: Collection[str]

    def must_enrol(self, account: AnyRow, grants: Sequence[AnyRow]) -> bool:
        """Whether a role of the account needs an authenticator app that it does not have yet."""
        has_one = account.totp_confirm_time is not None
        return not has_one and permissions.needs_totp(grants, self.totp_required_roles)

    def fields(self, account: AnyRow, session: AnyRow, grants: Sequence[AnyRow]) -> dict[str, Any]:
        """The fields that every response with tokens has. Who can do nothing before there is an authenticator app gets tokens
        that let it set one up. Raises TooManyGrants."""
        rights = permissions.rights(account, grants, self.totp_required_roles)
        token = self.access_tokens.issue(
            account.id,
            session.id,
            session.absolute_expire_time,
            *permissions.split(rights.grants),
            must_enrol=rights.must_enrol,
        )
        return {
            "access_token": token.text,
            "access_token_expire_time": timestamp(token.expire_time),
            "refresh_token": self.refresh_tokens.token(session.id, session.counter),
            "refresh_token_expire_time": timestamp(session.idle_expire_time),
        }
