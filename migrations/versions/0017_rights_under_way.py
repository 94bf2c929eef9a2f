"""Rights that change under way: whose access tokens say too much, which key an API key ends with, and nothing personal that is
deleted from the audit but by an erasure."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# The erasure's event is of the same transaction: nothing that was erased at another time explains what is deleted now. The
# table's owner may delete, who could drop the trigger as well.
CHECK = """
CREATE FUNCTION check_audit_erasure() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    erased text[];
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(target) INTO erased FROM audit_events
        WHERE action = 'account.erase' AND xmin = pg_current_xact_id()::xid;
    IF EXISTS (
        SELECT FROM gone JOIN audit_events AS event ON event.id = gone.event_id
        WHERE NOT EXISTS (
            SELECT FROM unnest(erased) AS id
            WHERE id IN (event.actor_id::text, event.target, event.details ->> 'account_id')
            AND NOT (event.action = 'account.erase' AND id = event.target)
        )
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'only the erasure of an account deletes from audit_personal';
    END IF;
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER check_erasure AFTER DELETE ON audit_personal REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION check_audit_erasure()
"""


def upgrade() -> None:
    op.add_column("accounts", sa.Column("rights_change_time", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.create_index(
        "ix_accounts_rights_change_time",
        "accounts",
        ["rights_change_time"],
        postgresql_where=sa.text("rights_change_time IS NOT NULL"),
    )
    op.add_column("api_keys", sa.Column("maker_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_api_keys_maker_id"), "api_keys", "api_keys", ["maker_id"], ["id"])
    op.create_index(op.f("ix_api_keys_maker_id"), "api_keys", ["maker_id"])
    op.add_column("api_keys", sa.Column("replaces_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_api_keys_replaces_id"), "api_keys", "api_keys", ["replaces_id"], ["id"])
    op.execute(CHECK)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER check_erasure ON audit_personal")
    op.execute("DROP FUNCTION check_audit_erasure()")
    op.drop_constraint(op.f("fk_api_keys_replaces_id"), "api_keys", type_="foreignkey")
    op.drop_column("api_keys", "replaces_id")
    op.drop_index(op.f("ix_api_keys_maker_id"), table_name="api_keys")
    op.drop_constraint(op.f("fk_api_keys_maker_id"), "api_keys", type_="foreignkey")
    op.drop_column("api_keys", "maker_id")
    op.drop_index("ix_accounts_rights_change_time", table_name="accounts")
    op.drop_column("accounts", "rights_change_time")
