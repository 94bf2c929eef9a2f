"""How far back changes reach that are not committed yet."""

from __future__ import annotations

from sqlalchemy import Text, column, func, select, table
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.stores.statements import Statement

ACTIVITY = table("pg_stat_activity", column("datname", Text()), column("xact_start", TIMESTAMP(timezone=True)))
HORIZON = Statement(
    select(func.coalesce(func.min(ACTIVITY.c.xact_start), func.clock_timestamp())).where(
        ACTIVITY.c.datname == func.current_database()
    )
)
"""What commits from now on has no earlier `update_time` than this: a change reads the clock when it is made, in a transaction
that is among these, or begins later (content's `writing.CHANGE_TIME`)."""
