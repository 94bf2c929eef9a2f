"""Alembic's entry. `server/stores/migrations.py` calls it with a connection of the role that owns the tables."""

from __future__ import annotations

from typing import Any

from alembic import context

from server.app import TABLES

connection: Any = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=TABLES, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
