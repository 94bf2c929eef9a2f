"""The domains of accounts' addresses in ASCII, as mail servers look them up (IDNA 2008): one mailbox is one account.

Where two accounts turn out to be one mailbox's, the one that is not written so stays as it is, and is told of in the log.
`gazette accounts unreachable` names it later.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable

import idna
import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

log = logging.getLogger("alembic.runtime.migration")
ACCOUNTS = sa.table("accounts", sa.column("id", sa.Uuid()), sa.column("email", sa.Text()))


def upgrade() -> None:
    rewrite(op.get_bind(), in_ascii)


def downgrade() -> None:
    rewrite(op.get_bind(), idna.decode)


def in_ascii(domain: str) -> str:
    return idna.encode(unicodedata.normalize("NFC", domain), uts46=True, std3_rules=True).decode("ascii")


def rewrite(connection: sa.Connection, written: Callable[[str], str]) -> None:
    """Writes each account's domain otherwise, the oldest account's first; what is no domain, and what is taken, is left."""
    found = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.email.is_not(None)).order_by(ACCOUNTS.c.id)).all()
    for account in found:
        local, _, domain = account.email.rpartition("@")
        try:
            email = f"{local}@{written(domain)}"
        except UnicodeError:
            continue
        if email.lower() == account.email.lower():
            continue
        is_same = sa.func.lower(ACCOUNTS.c.email) == sa.func.lower(email)
        other = connection.execute(sa.select(ACCOUNTS.c.id).where(is_same)).scalar()
        if other is not None:
            log.warning("account %s has the mailbox of account %s, and keeps its address as it is", account.id, other)
            continue
        connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.id == account.id).values(email=email))
