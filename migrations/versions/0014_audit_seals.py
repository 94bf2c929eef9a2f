"""Audit events without a number: seals give them their places in the chain afterwards."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BATCH = 1000
INDEXED = ("actor_id", "target", "action", "organisation_id")

# A UUIDv7 of the event's millisecond, with the number where others have chance: so ids are in the order of the numbers.
IDENTIFY = """UPDATE audit_events SET id = (
    lpad(right(to_hex(floor(extract(epoch FROM event_time) * 1000)::bigint), 12), 12, '0')
    || '70008' || lpad(right(to_hex(number), 15), 15, '0')
)::uuid"""

EVENTS = sa.table(
    "audit_events",
    sa.column("id", sa.Uuid()),
    sa.column("event_time", postgresql.TIMESTAMP(timezone=True)),
    sa.column("action", sa.Text()),
    sa.column("actor_id", sa.Uuid()),
    sa.column("target", sa.Text()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("request_id", sa.Text()),
    sa.column("details", postgresql.JSONB()),
    sa.column("personal_hash", sa.LargeBinary()),
)
SEALS = sa.table(
    "audit_seals",
    sa.column("number", sa.BigInteger()),
    sa.column("event_id", sa.Uuid()),
    sa.column("hash", sa.LargeBinary()),
)
UNSEALED = sa.table("audit_unsealed", sa.column("event_id", sa.Uuid()), sa.column("digest", sa.LargeBinary()))


def upgrade() -> None:
    """Numbers and hashes become seals as they are, so what was noted of them holds."""
    op.create_table(
        "audit_seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_seals_event_id")),
    )
    op.create_table(
        "audit_unsealed",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_unsealed")),
    )
    # All of its rows go within a second. Whatever is left of them is to go soon, so that a look at the table stays a short one.
    op.execute("ALTER TABLE audit_unsealed SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)")
    drop_indexes("number")
    op.add_column("audit_events", sa.Column("id", sa.Uuid(), nullable=True))
    op.execute(IDENTIFY)
    op.execute("INSERT INTO audit_seals (number, event_id, hash) SELECT number, id, hash FROM audit_events")
    op.add_column("audit_personal", sa.Column("event_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE audit_personal SET event_id = audit_events.id"
        " FROM audit_events WHERE audit_events.number = audit_personal.number"
    )
    rekey_personal("number", "event_id")
    op.drop_constraint(op.f("pk_audit_events"), "audit_events", type_="primary")
    op.drop_column("audit_events", "number")
    op.drop_column("audit_events", "hash")
    op.create_primary_key(op.f("pk_audit_events"), "audit_events", ["id"])
    op.create_foreign_key(op.f("fk_audit_personal_event_id"), "audit_personal", "audit_events", ["event_id"], ["id"])
    create_indexes("id")


def downgrade() -> None:
    """What is not sealed yet is sealed first. Nothing is lost: an event that never was on the list of what is to be sealed gets
    a place too, and shows as altered, as it would if it had been inserted in the release before."""
    seal(op.get_bind())
    drop_indexes("id")
    op.add_column("audit_events", sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=True))
    op.add_column("audit_events", sa.Column("hash", sa.LargeBinary(), nullable=True))
    op.execute(
        "UPDATE audit_events SET number = audit_seals.number, hash = audit_seals.hash"
        " FROM audit_seals WHERE audit_seals.event_id = audit_events.id"
    )
    op.add_column("audit_personal", sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=True))
    op.execute(
        "UPDATE audit_personal SET number = audit_seals.number FROM audit_seals"
        " WHERE audit_seals.event_id = audit_personal.event_id"
    )
    rekey_personal("event_id", "number")
    op.drop_constraint(op.f("pk_audit_events"), "audit_events", type_="primary")
    op.alter_column("audit_events", "number", nullable=False)
    op.alter_column("audit_events", "hash", nullable=False)
    op.drop_column("audit_events", "id")
    op.create_primary_key(op.f("pk_audit_events"), "audit_events", ["number"])
    op.create_foreign_key(op.f("fk_audit_personal_number"), "audit_personal", "audit_events", ["number"], ["number"])
    create_indexes("number")
    op.drop_table("audit_unsealed")
    op.drop_table("audit_seals")


def drop_indexes(key: str) -> None:
    for name in INDEXED:
        op.drop_index(op.f(f"ix_audit_events_{name}_{key}"), table_name="audit_events")


def create_indexes(key: str) -> None:
    for name in INDEXED:
        op.create_index(op.f(f"ix_audit_events_{name}_{key}"), "audit_events", [name, key], unique=False)


def rekey_personal(old: str, new: str) -> None:
    """Has personal data name its event by another key."""
    op.drop_constraint(op.f(f"fk_audit_personal_{old}"), "audit_personal", type_="foreignkey")
    op.drop_constraint(op.f("pk_audit_personal"), "audit_personal", type_="primary")
    op.drop_column("audit_personal", old)
    op.create_primary_key(op.f("pk_audit_personal"), "audit_personal", [new])


def seal(connection: sa.Connection) -> None:
    """Gives each event that has no place one at the end of the chain, as the service would."""
    last = connection.execute(sa.select(SEALS.c.number, SEALS.c.hash).order_by(SEALS.c.number.desc()).limit(1)).one_or_none()
    number, previous = (last.number, last.hash) if last else (0, bytes(32))
    sealed = sa.select(SEALS.c.event_id)
    waiting = sa.select(UNSEALED, EVENTS).outerjoin(EVENTS, EVENTS.c.id == UNSEALED.c.event_id)
    waiting = waiting.where(UNSEALED.c.event_id.not_in(sealed)).order_by(UNSEALED.c.event_id)
    unlisted = sa.select(EVENTS.c.id.label("event_id"), sa.null().label("digest"), EVENTS)
    unlisted = unlisted.where(EVENTS.c.id.not_in(sealed), EVENTS.c.id.not_in(sa.select(UNSEALED.c.event_id))).order_by(
        EVENTS.c.id
    )
    places = []
    for row in [*connection.execute(waiting), *connection.execute(unlisted)]:
        number, previous = number + 1, hash_of(row, number + 1, previous)
        places.append({"number": number, "event_id": row.event_id, "hash": previous})
    for start in range(0, len(places), BATCH):
        connection.execute(SEALS.insert(), places[start : start + BATCH])


def hash_of(row: Any, number: int, previous: bytes) -> bytes:
    if row.id is None or row.digest is None or digest(row) != row.digest:
        return hashlib.sha256(previous + (row.digest or b"")).digest()
    return hashlib.sha256(previous + canonical({"number": number, "event_time": time(row), **body(row)})).digest()


def digest(row: Any) -> bytes:
    return hashlib.sha256(hashlib.sha256(canonical(body(row))).digest() + time(row).encode()).digest()


def time(row: Any) -> str:
    return str(row.event_time.astimezone(UTC).isoformat(timespec="microseconds"))


def body(row: Any) -> dict[str, Any]:
    return {
        "action": row.action,
        "actor_id": str(row.actor_id) if row.actor_id else None,
        "target": row.target,
        "organisation_id": str(row.organisation_id) if row.organisation_id else None,
        "request_id": row.request_id,
        "details": row.details,
        "personal_hash": row.personal_hash.hex() if row.personal_hash else None,
    }


def canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
