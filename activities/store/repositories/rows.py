"""From tables to records: a record's fields are named as the columns, so that neither repeats the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Select, Table

Record = TypeVar("Record")

AnySelect: TypeAlias = "Select[*tuple[Any, ...]]"
"""A query of whatever columns."""


def columns(table: Table, record: type[Any], **computed: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """The columns that fill `record`, in the order of its fields; `computed` gives those the table lacks."""
    named: Mapping[str, ColumnElement[Any]] = computed
    return [
        named[field.name].label(field.name) if field.name in named else table.c[field.name] for field in fields(record)
    ]


def records(kind: Callable[..., Record], rows: Iterable[Any]) -> list[Record]:
    """Rows of `columns` as records."""
    return [kind(*row) for row in rows]
