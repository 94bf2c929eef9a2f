"""Who is signed in, and with what. Decides when tokens are used, renewed and given up; speaks to nobody itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import grpc

from gazette.auth.v1.auth_service_pb2 import LoginRequest, LoginResponse, RefreshTokenRequest, RefreshTokenResponse
from gazette.auth.v1.password_pb2 import AcceptInvitationResponse, ChangePasswordResponse, ResetPasswordResponse
from gazette_client.errors import Unauthenticated, failure

MARGIN = 60.0
"""How many seconds before its end an access token is renewed, at most; a tenth of its life if that is less."""

Renewal = Generator[LoginRequest | RefreshTokenRequest, LoginResponse | RefreshTokenResponse, str]
"""Yields what to ask of the server, takes its answer, and returns an access token."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One pair of tokens."""

    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    fresh_until: float = 0.0
    """Until when the access token is used, by time.monotonic."""


@dataclass(slots=True)
class Session:
    """An account's way in: an API key; or its password, if that is known, and its newest tokens."""

    email: str = ""
    password: str = field(default="", repr=False)
    tokens: Tokens = field(default_factory=Tokens)
    api_key: str = field(default="", repr=False)
    totp: Callable[[], str] | None = None
    """Asked for a code of the authenticator app at each sign-in that needs one."""
    device_token: str = field(default="", repr=False)
    """What the last sign-in answered, or a call that proved the mailbox. It makes this a known device at the next sign-in."""
    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.api_key = self.api_key.strip()  # of a file's last line feed, say, which no header may hold

    @property
    def can_sign_in(self) -> bool:
        return bool(self.api_key or self.password or self.tokens.refresh)

    def token(self, refused: str = "") -> str:
        """The API key or access token, as long as it is fresh and not the one that the server refused; otherwise empty."""
        if self.api_key:
            return self.api_key if self.api_key != refused else ""
        tokens = self.tokens
        return tokens.access if tokens.access != refused and self.monotonic() < tokens.fresh_until else ""

    def renewal(self) -> Renewal:
        """Refreshes the session; starts another with the password, if it is known, when there is none or it has ended. An API
        key has no session."""
        if self.api_key:
            raise failure(grpc.StatusCode.UNAUTHENTICATED, "INVALID_API_KEY", "The API key does not hold, or not any more.")
        if self.tokens.refresh:
            try:
                return self.keep((yield RefreshTokenRequest(refresh_token=self.tokens.refresh)))
            except Unauthenticated:
                self.tokens = Tokens()
                if not self.password:
                    raise
        try:
            return self.keep((yield self.sign_in()))
        except Unauthenticated as error:
            if error.reason != "TOTP_REQUIRED" or self.totp is None:
                raise
        return self.keep((yield self.sign_in(self.totp())))

    def sign_in(self, totp_code: str = "") -> LoginRequest:
        return LoginRequest(email=self.email, password=self.password, totp_code=totp_code, device_token=self.device_token)

    def learn(self, request: Any, answer: Any) -> None:
        """Takes over what the answer to another call says of this account's way in: that its mailbox was proved makes this a
        known device, and another password begins another session."""
        if isinstance(answer, ChangePasswordResponse):
            self.password = request.new_password if self.password else ""
            self.keep(answer)
        elif isinstance(answer, ResetPasswordResponse) or (
            isinstance(answer, AcceptInvitationResponse) and self.email.casefold() in {"", answer.account.email.casefold()}
        ):
            self.device_token = answer.device_token

    def keep(self, answer: LoginResponse | RefreshTokenResponse | ChangePasswordResponse) -> str:
        """Takes over new tokens. One that has ended on arrival means that the clocks disagree; it is used until refused."""
        if not isinstance(answer, RefreshTokenResponse):
            self.device_token = answer.device_token
        life = answer.access_token_expire_time.ToNanoseconds() / 1e9 - self.now()
        lasts = life - min(MARGIN, life / 10) if life > 0 else float("inf")
        self.tokens = Tokens(answer.access_token, answer.refresh_token, self.monotonic() + lasts)
        return answer.access_token

    def forget(self) -> None:
        self.tokens = Tokens()
