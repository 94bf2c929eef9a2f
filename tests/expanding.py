"""Whether a migration only adds, so that processes of the release before can go on beside it."""

from __future__ import annotations

import ast
import re

TAKES_AWAY = {"drop_column", "drop_table", "rename_table"}
JUDGES = {
    f"create_{kind}" for kind in ("unique_constraint", "check_constraint", "foreign_key", "primary_key", "exclude_constraint")
}
"""What a process of before may write is refused then."""
STATEMENT = re.compile(r"\b(DROP|RENAME|TRUNCATE|SET NOT NULL|TYPE)\b", re.IGNORECASE)


def problems(source: str) -> list[str]:
    """What in a migration's `upgrade` takes something away from the release before, or judges what it writes."""
    (upgrade,) = [each for each in ast.parse(source).body if isinstance(each, ast.FunctionDef) and each.name == "upgrade"]
    calls = [each for each in ast.walk(upgrade) if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)]
    return [problem for call in calls if (problem := problem_of(call))]


def problem_of(call: ast.Call) -> str:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    given = {word.arg: word.value for word in call.keywords}
    match name:
        case "alter_column":
            changed: list[str] = [each for each in ("new_column_name", "type_") if each in given]
            changed += ["nullable" for _ in range(is_constant(given.get("nullable"), value=False))]
            return f"alter_column({', '.join(changed)})" if changed else ""
        case "add_column":
            column = call.args[-1]
            said = {word.arg: word.value for word in column.keywords} if isinstance(column, ast.Call) else {}
            must_be_given = is_constant(said.get("nullable"), value=False) and "server_default" not in said
            return "add_column without a default" if must_be_given else ""
        case "create_index":
            return "create_index(unique)" if is_constant(given.get("unique"), value=True) else ""
        case "execute":
            found = STATEMENT.search(ast.unparse(call))
            return found[0].upper() if found else ""
    return name if name in TAKES_AWAY | JUDGES else ""


def is_constant(node: ast.expr | None, *, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
