"""The parameters of statements that are built once: each column of a row that is given under its name with a prefix, so that
several tables can be written by one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, ColumnElement, TableValuedAlias, any_, bindparam, column, func, literal


def is_one_of(of: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """The condition that the column is one of the values, however many there are: one array. An `IN` would take a parameter for
    each, of which a statement may have 32,767."""
    condition: ColumnElement[bool] = of == any_(literal([*values], ARRAY(of.type)))
    return condition


def given(prefix: str, model: Any, names: Iterable[str]) -> list[BindParameter[Any]]:
    """The parameters for these columns of one row."""
    columns = model.__table__.c
    return [bindparam(f"{prefix}_{name}", type_=columns[name].type) for name in names]


def named(prefix: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as what `given` takes."""
    return {f"{prefix}_{name}": value for name, value in row.items()}


def given_rows(prefix: str, model: Any, names: Iterable[str]) -> TableValuedAlias:
    """The parameters for these columns of any number of rows, an array for each column."""
    columns = [model.__table__.c[name] for name in names]
    arrays = [bindparam(f"{prefix}_{each.key}", type_=ARRAY(each.type)) for each in columns]
    rows = func.unnest(*arrays).table_valued(*(column(each.key, each.type) for each in columns))
    return rows.render_derived(name=f"{prefix}_given")


def named_rows(prefix: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The rows, at least one and all of the same columns, as what `given_rows` takes."""
    return {f"{prefix}_{name}": [row[name] for row in rows] for name in rows[0]}
