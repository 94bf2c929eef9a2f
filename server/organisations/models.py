"""Tables: organisations, and the parts of the site that are reserved for them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, func, true
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class Organisation(Model):
    __tablename__ = "organisations"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())


class PathReservation(Model):
    """A part of the site that is one organisation's own: a path, and all below it."""

    __tablename__ = "path_reservations"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    """A path without slashes around it."""
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())


class PathGeneration(Model):
    """One row: how often the reservations have changed. Whoever puts something at a path compares it."""

    __tablename__ = "path_generation"

    is_only: Mapped[bool] = mapped_column(primary_key=True, server_default=true())
    number: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("is_only", name="is_only"),)
