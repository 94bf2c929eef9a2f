"""docs/secrets.md against the settings, and the commands of the runbooks that it links, run as they stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
import uuid
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from gazette.auth.v1.account_pb2 import Role
from server.settings import Settings, names
from tests import command_line
from tests.deploy.stand_ins import ROOT
from tests.service import Service, administer

RUNBOOKS = [ROOT / "docs/runbooks" / name for name in ("leaked-secret.md", "key-rotation.md")]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = [
    line for book in RUNBOOKS for block in CONSOLE.findall(book.read_text()) for line in re.findall(r"^\$ (.*)$", block, re.M)
]


def in_the_table() -> set[str]:
    section = (ROOT / "docs/secrets.md").read_text().split("## Secrets of the service\n")[1].split("\n## ")[0]
    first = "".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE))
    return set(re.findall(r"`([A-Z][A-Z0-9_]+)`", first))


SECRETS = {names(field)[0] for field, info in Settings.model_fields.items() if not info.repr}
FILES = {"JWT_KEY_FILE", "TLS_KEY_FILE"}
"""Settings that name a file with a secret in it."""


def test_every_secret_setting_is_documented() -> None:
    """A setting that is never shown is a secret, and has a line."""
    assert len(SECRETS) >= 15
    assert in_the_table() >= SECRETS | FILES


def test_nothing_else_is_documented() -> None:
    """A line is of a setting that there is; those of backups are read by the backup's commands."""
    known = {names(field)[0] for field in Settings.model_fields}
    assert {name for name in in_the_table() - known if not name.startswith("BACKUP_")} == set()


def test_each_line_says_all() -> None:
    """Each line of the tables has what it opens, who makes it and how it is replaced."""
    rows = re.findall(r"^\| `.*$", (ROOT / "docs/secrets.md").read_text().split("## Variables")[0], re.MULTILINE)
    assert len(rows) >= 20
    assert all(len([cell for cell in row.strip("|").split("|") if cell.strip()]) == 4 for row in rows)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("openssl")])
def test_openssl(command: str, tmp_path: Path) -> None:
    """What makes secrets makes long ones, and no two the same."""
    made = [
        subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    if "genpkey" in command:
        assert (tmp_path / "new.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    else:
        assert len(made[0].strip()) == 64
        assert made[0] != made[1]


async def test_gazette(service: Service) -> None:
    """Each of the runbooks' commands of Gazette does what it is there for, in their order."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    words = {"ACCOUNT_ID": admin.id}
    made = await command_line.run(
        service, "keys", "create-account", "--name", service.unique("ci"), "--role", "admin", "--all-organisations"
    )
    assert made.exit_code == 0, made.output
    words["SERVICE_ID"] = re.findall(r"[0-9a-f-]{36}", made.stdout)[0]
    create = ("keys", "create", "--account", words["SERVICE_ID"], "--name", "first", "--scope", "system_read")
    made = await command_line.run(service, *create)
    assert made.exit_code == 0, made.output
    listed = await command_line.run(service, "keys", "list", "--account", words["SERVICE_ID"])
    words["KEY_ID"] = re.findall(r"[0-9a-f-]{36}", listed.stdout)[0]
    commands = [command for command in COMMANDS if command.startswith("gazette") and "smoke" not in command]
    assert len(commands) >= 8
    in_order = sorted(commands, key=lambda command: "revoke" in command)  # the key is replaced before it is revoked
    for command in in_order:
        for word, value in words.items():
            command = command.replace(word, value)  # noqa: PLW2901
        done = await command_line.run(service, *shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}\n{done.output}"
        if command.startswith("gazette keys generate"):
            assert "gaz_" in done.stdout
    listed = await command_line.run(service, "keys", "list", "--account", words["SERVICE_ID"])
    assert "revoked" in listed.stdout.lower()


def test_smoke_is_tried_elsewhere() -> None:
    """`gazette smoke` needs Envoy: tests/smoke runs it. Every other command of the runbooks is run here."""
    others = [command for command in COMMANDS if not command.startswith(("openssl", "gazette"))]
    assert others == []
    assert [command for command in COMMANDS if "smoke" in command] == ["gazette smoke --url URL"]


async def test_second_role(service: Service) -> None:
    """A second role of the same rights serves as the first one does, and can no more change the audit than that can."""
    statement = re.findall(r"^```sql\n(.*?)^```", RUNBOOKS[1].read_text(), re.MULTILINE | re.DOTALL)[0]
    role = f"gazette_{uuid.uuid4().hex[:8]}"
    await administer(
        service.servers, statement.strip().rstrip(";").replace("gazette_2027", role).replace("'…'", "'another-password'")
    )
    url = (
        make_url(service.settings.database_url)
        .set(username=role, password="another-password")
        .render_as_string(hide_password=False)
    )
    try:
        done = await command_line.run(service, "audit", "verify", DATABASE_URL=url)
        assert done.exit_code == 0, done.output
        done = await command_line.run(service, "accounts", "list", DATABASE_URL=url)
        assert done.exit_code == 0, done.output
    finally:
        await administer(service.servers, f"DROP ROLE {role}")
