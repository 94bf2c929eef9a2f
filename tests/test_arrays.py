"""However many values a statement is given, it has one parameter for them: PostgreSQL's protocol counts no more than 32,767."""

from __future__ import annotations

import ast
import uuid
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from server.organisations.models import Organisation
from server.stores.parameters import is_one_of
from tests.service import Service

ROOT = Path(__file__).resolve().parent.parent
QUERIES = {
    ("server/stores/retention.py", "some"),
    ("server/auth/families.py", "chain"),
    ("server/auth/families.py", "family(which)"),
    ("server/auth/families.py", "select(found.c.id)"),
    ("server/auth/sessions/queries.py", "keys"),
    ("server/audit/writing.py", "events"),
    ("server/content/change_notes/queries.py", "select(document.c.id)"),
    ("server/content/deletion/queries.py", "OVER"),
    ("server/content/documents/discarding.py", "select(document.c.id)"),
    ("server/content/documents/approvals.py", "numbers(HAS_APPROVALS)"),
    ("server/content/documents/approvals.py", "numbers(ENDING)"),
    ("server/content/documents/planned.py", "select(document.c.id)"),
    ("server/content/review_dates/queries.py", "FREE"),
    ("server/content/references/queries.py", "select(document.c.id)"),
    ("server/content/refreshing/queries.py", "select(documents.c.id)"),
    ("server/content/schedules/queries.py", "select(document.c.id)"),
    ("server/content/transfer/queries.py", "USED"),
    ("server/content/transfer/queries.py", "USED.where(Document.organisation_id == ORGANISATION)"),
    ("server/delivery/pages/putting.py", "select(changed.c.id)"),
    ("server/files/examining/queries.py", "EXAMINED"),
    ("server/files/examining/queries.py", "waiting"),
    ("server/files/publishing.py", "select(changed.c.id)"),
    ("server/files/purging/queries.py", "due.scalar_subquery()"),
    ("server/files/sweeping/queries.py", "keys"),
    ("server/files/sweeping/queries.py", "of_it"),
    ("server/files/uploads/queries.py", "wanted"),
    ("server/files/publishing.py", "document_ids"),
    ("server/files/publishing.py", "pairs"),
}
"""What an `IN` asks about that is a query itself, or a few numbers of ours, and takes no parameters of its own."""
LISTS = {"in_", "not_in", "notin_", "bind_expanding"}


def listed() -> Iterator[tuple[str, str]]:
    """Each `IN` of the server: its file, and what is in it."""
    for path in sorted((ROOT / "server").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LISTS:
                yield path.relative_to(ROOT).as_posix(), ast.unparse(node.args[0])
            elif isinstance(node, ast.keyword) and node.arg == "expanding":
                yield path.relative_to(ROOT).as_posix(), ast.unparse(node.value)


def test_no_statement_has_a_parameter_for_each_value() -> None:
    """`IN` is for queries; a list of values is an array (`is_one_of`), since any list may become long."""
    assert set(listed()) == QUERIES


async def test_as_many_values_as_there_may_be(service: Service) -> None:
    """Forty thousand values are one parameter."""
    organisation_id = uuid.UUID(await service.organisation())
    wanted = [organisation_id, *(uuid.uuid4() for _ in range(40_000))]
    async with service.database.read() as connection:
        found = (await connection.execute(select(Organisation.id).where(is_one_of(Organisation.id, wanted)))).scalars().all()
    assert found == [organisation_id]
