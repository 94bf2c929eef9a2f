"""Tables: who may sign in, what they may do and where, and their sessions."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class Organisation(Model):
    __tablename__ = "organisations"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())


class Account(Model):
    __tablename__ = "accounts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    """argon2id, in its own encoding."""
    state: Mapped[int]
    """gazette.auth.v1.AccountState."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("uq_accounts_email", text("lower(email)"), unique=True),)


class Grant(Model):
    __tablename__ = "grants"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[int]
    """gazette.auth.v1.Role."""
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    """NULL: in all organisations."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("account_id", "role", "organisation_id", postgresql_nulls_not_distinct=True),)


class Session(Model):
    """One sign-in: a family of refresh tokens, of which only the newest counter is valid. No token is stored."""

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
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

    __table_args__ = (Index("ix_sessions_revoke_time", "revoke_time", postgresql_where=text("revoke_time IS NOT NULL")),)
