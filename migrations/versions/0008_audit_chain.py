"""The audit as a hash chain, with personal data beside it."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 1000
INDEXES = (("actor_id", "number"), ("target", "number"), ("action", "number"), ("organisation_id", "number"), ("event_time",))

EVENTS = sa.table(
    "audit_events",
    sa.column("number", sa.BigInteger()),
    sa.column("event_time", postgresql.TIMESTAMP(timezone=True)),
    sa.column("action", sa.Text()),
    sa.column("actor_id", sa.Uuid()),
    sa.column("target", sa.Text()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("address", sa.Text()),
    sa.column("request_id", sa.Text()),
    sa.column("details", postgresql.JSONB()),
    sa.column("personal_hash", sa.LargeBinary()),
    sa.column("hash", sa.LargeBinary()),
)
PERSONAL = sa.table(
    "audit_personal",
    sa.column("number", sa.BigInteger()),
    sa.column("salt", sa.LargeBinary()),
    sa.column("data", postgresql.JSONB()),
)


def upgrade() -> None:
    op.execute("ALTER TABLE audit_events ALTER COLUMN number DROP IDENTITY")
    op.alter_column("audit_events", "event_time", server_default=None)
    op.add_column("audit_events", sa.Column("personal_hash", sa.LargeBinary(), nullable=True))
    op.add_column("audit_events", sa.Column("hash", sa.LargeBinary(), nullable=True))
    op.create_table(
        "audit_personal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["audit_events.number"], name=op.f("fk_audit_personal_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_personal")),
    )
    chain(op.get_bind())
    op.alter_column("audit_events", "hash", nullable=False)
    op.drop_column("audit_events", "address")
    for columns in INDEXES:
        op.create_index(op.f(f"ix_audit_events_{'_'.join(columns)}"), "audit_events", list(columns), unique=False)
    op.create_index(
        "ix_audit_events_account_id",
        "audit_events",
        [sa.text("(details ->> 'account_id')")],
        unique=False,
        postgresql_where=sa.text("details ? 'account_id'"),
    )


def downgrade() -> None:
    """What is personal beyond the release before goes with its table: addresses and the names of files stay."""
    op.drop_index("ix_audit_events_account_id", table_name="audit_events")
    for columns in INDEXES:
        op.drop_index(op.f(f"ix_audit_events_{'_'.join(columns)}"), table_name="audit_events")
    op.add_column("audit_events", sa.Column("address", sa.Text(), server_default="", nullable=False))
    op.execute(
        "UPDATE audit_events SET address = coalesce(data ->> 'address', ''), details = details || CASE"
        " WHEN action = 'file.upload' AND data ? 'name' THEN jsonb_build_object('name', data -> 'name') ELSE '{}' END"
        " FROM audit_personal WHERE audit_personal.number = audit_events.number"
    )
    op.alter_column("audit_events", "address", server_default=None)
    op.drop_table("audit_personal")
    op.drop_column("audit_events", "hash")
    op.drop_column("audit_events", "personal_hash")
    op.alter_column("audit_events", "event_time", server_default=sa.text("now()"))
    op.execute("ALTER TABLE audit_events ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY")
    op.execute(
        "SELECT setval(pg_get_serial_sequence('audit_events', 'number'), max(number)) FROM audit_events HAVING count(*) > 0"
    )


def chain(connection: sa.Connection) -> None:
    """Chains the events in the order of their numbers, and closes the gaps that an identity column leaves."""
    update = EVENTS.update().where(EVENTS.c.number == sa.bindparam("old"))
    update = update.values({name: sa.bindparam(f"new_{name}") for name in ("number", "details", "personal_hash", "hash")})
    number, last, previous = 0, 0, bytes(32)
    following = EVENTS.select().order_by(EVENTS.c.number).limit(BATCH)
    while rows := connection.execute(following.where(EVENTS.c.number > last)).all():
        changes, personal = [], []
        for row in rows:
            number, last = number + 1, row.number
            details, data = parted(row)
            salt = secrets.token_bytes(32)
            personal_hash = hmac.digest(salt, canonical(data), "sha256") if data else None
            previous = hashlib.sha256(previous + canonical(hashed(row, number, details, personal_hash))).digest()
            changes.append(
                {
                    "old": row.number,
                    "new_number": number,
                    "new_details": details,
                    "new_personal_hash": personal_hash,
                    "new_hash": previous,
                }
            )
            if data:
                personal.append({"number": number, "salt": salt, "data": data})
        connection.execute(update, changes)
        if personal:
            connection.execute(PERSONAL.insert(), personal)


def parted(row: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The event's details, and what is personal about it."""
    data = {"address": row.address} if row.address else {}
    if row.action == "file.upload" and "name" in row.details:
        return {key: value for key, value in row.details.items() if key != "name"}, {**data, "name": row.details["name"]}
    return row.details, data


def hashed(row: Any, number: int, details: dict[str, Any], personal_hash: bytes | None) -> dict[str, Any]:
    return {
        "number": number,
        "event_time": row.event_time.astimezone(UTC).isoformat(timespec="microseconds"),
        "action": row.action,
        "actor_id": str(row.actor_id) if row.actor_id else None,
        "target": row.target,
        "organisation_id": str(row.organisation_id) if row.organisation_id else None,
        "request_id": row.request_id,
        "details": details,
        "personal_hash": personal_hash.hex() if personal_hash else None,
    }


def canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
