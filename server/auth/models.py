"""Tables: who may sign in, what they may do and where, and their sessions."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class Account(Model):
    __tablename__ = "accounts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[int] = mapped_column(server_default=text("1"))
    """gazette.auth.v1.AccountKind."""
    email: Mapped[str | None]
    """NULL for a service, and when it was erased."""
    name: Mapped[str]
    password_hash: Mapped[str | None]
    """argon2id, in its own encoding."""
    password_generation: Mapped[int] = mapped_column(server_default=text("0"))
    """How often a password was set: devices and addresses are known by sign-ins with the one that holds."""
    state: Mapped[int]
    """gazette.auth.v1.AccountState."""
    totp_secret: Mapped[bytes | None]
    """The authenticator app's secret, encrypted."""
    totp_confirm_time: Mapped[datetime | None]
    """When the authenticator app first gave a right code; until then it is not asked for."""
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    """The time step of the last code that was accepted: no code is accepted twice (RFC 6238 section 5.2)."""
    rights_change_time: Mapped[datetime | None]
    """When the account's rights last became others than its access tokens say, and its sessions went on."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("uq_accounts_email", text("lower(email)"), unique=True),
        Index("ix_accounts_rights_change_time", "rights_change_time", postgresql_where=text("rights_change_time IS NOT NULL")),
    )


class RecoveryCode(Model):
    """Stands in for the authenticator app, once."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    """A keyed hash of the code, which is stored nowhere."""
    use_time: Mapped[datetime | None]


class Link(Model):
    """What a link in a mail may do, once. Its token is the signed id, and is stored nowhere."""

    __tablename__ = "links"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    purpose: Mapped[str]
    """`invitation`, `password-reset` or `email-change`."""
    email: Mapped[str]
    """Where it was sent; of an e-mail change, the new address."""
    create_time: Mapped[datetime]
    expire_time: Mapped[datetime]
    use_time: Mapped[datetime | None]
    """When it was used, or replaced by another."""
    claim_expire_time: Mapped[datetime | None]
    """Until when it belongs to a call that is about to use it."""


class PasswordResetRequest(Model):
    """Somebody wants a mail to set another password. It is queued whatever the address: how long the answer takes says nothing
    of whether it is an account's."""

    __tablename__ = "password_reset_requests"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    """The address as it was given."""
    address: Mapped[str]
    """The network address that asked."""
    request_id: Mapped[str]


class Grant(Model):
    __tablename__ = "grants"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[int]
    """gazette.auth.v1.Role."""
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    """NULL stands for all organisations."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("account_id", "role", "organisation_id", postgresql_nulls_not_distinct=True),)


class LocaleGrant(Model):
    """A role that is held for documents in some languages alone. It stands in a table of its own, so that a process of a
    release that knows of none does not take it for a role in all languages."""

    __tablename__ = "locale_grants"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[int]
    """gazette.auth.v1.Role."""
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    """NULL stands for all organisations."""
    locales: Mapped[list[str]]
    """In order, each in its canonical form."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("account_id", "role", "organisation_id", postgresql_nulls_not_distinct=True),)


class Session(Model):
    """One sign-in: a family of refresh tokens, of which only the newest counter is valid. No token is stored."""

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    counter: Mapped[int] = mapped_column(BigInteger)
    user_agent: Mapped[str]
    address: Mapped[str]
    create_time: Mapped[datetime]
    rotate_time: Mapped[datetime]
    """When `counter` last grew."""
    idle_expire_time: Mapped[datetime]
    absolute_expire_time: Mapped[datetime]
    revoke_time: Mapped[datetime | None]
    revoke_reason: Mapped[str | None]
    password_generation: Mapped[int] = mapped_column(server_default=text("0"))
    """The account's, when the session began."""

    __table_args__ = (
        Index("ix_sessions_account_id_address", "account_id", "address"),
        Index("ix_sessions_revoke_time", "revoke_time", postgresql_where=text("revoke_time IS NOT NULL")),
    )


class SignInAttempts(Model):
    """The throttle's counters. They hold for minutes, so the table is unlogged."""

    __tablename__ = "sign_in_attempts"

    key: Mapped[str] = mapped_column(primary_key=True)
    """What is counted: a hash of the account, the address or the device."""
    count: Mapped[int]
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    """How many of them are known to have been wrong, where honest people share the counter; the others are under way."""
    expire_time: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class LongRunAttempts(Model):
    """Wrong codes and passwords of an account over days. Unlike the throttle's counters these outlive a crash."""

    __tablename__ = "long_run_attempts"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    counter: Mapped[str] = mapped_column(primary_key=True)
    """What is counted, of whom, and for how long."""
    count: Mapped[int]
    expire_time: Mapped[datetime] = mapped_column(index=True)


class ApiKey(Model):
    """A long-lived credential of a service account."""

    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(unique=True)
    """A hash of the whole key, which is stored nowhere."""
    maker_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("api_keys.id"), index=True)
    """The key that it was made with, and ends with; NULL if a person or the command line made it."""
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("api_keys.id"))
    """The key that it replaces. If it was made with that one, it is revoked with it, but does not end with the overlap."""
    scopes: Mapped[list[int]]
    """gazette.access.v1.Permission: the account's permissions that the key may use."""
    create_time: Mapped[datetime]
    expire_time: Mapped[datetime]
    last_use_time: Mapped[datetime | None]
    """When it was last used, to the minute."""
    revoke_time: Mapped[datetime | None]
