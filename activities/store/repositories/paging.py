"""Pages of long lists in time that does not grow with the list.

The page is found by keys alone (an index-only scan), rows are fetched for these; the count stops at a limit, beyond
which the planner's estimate has to do.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Select, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

COUNTED = 10_000
"""Rows counted exactly; a person pages through less, and a reader of figures asks for a report."""


async def count(connection: AsyncConnection, keys: Select[Any]) -> tuple[int, bool]:
    """How many rows `keys` selects, and whether that is exact.

    Args:
        keys: in the order of the list, without limit and offset. The order makes the count go by the list's own
            index; left to itself, the planner may start at the beginning of the table, among other tenants' rows.
    """
    some = keys.with_only_columns(literal_column("1")).limit(COUNTED + 1).subquery()
    counted = await connection.scalar(select(func.count()).select_from(some)) or 0
    if counted <= COUNTED:
        return counted, True
    return max(await _estimate(connection, keys), counted), False


async def _estimate(connection: AsyncConnection, keys: Select[Any]) -> int:
    compiled = keys.order_by(None).compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    # A colon in a literal must not be taken for a parameter.
    statement = text(f"EXPLAIN (FORMAT JSON) {compiled}".replace(":", r"\:"))
    plan = await connection.scalar(statement)
    parsed = json.loads(plan) if isinstance(plan, str) else plan
    return int(parsed[0]["Plan"]["Plan Rows"])


def window(page: int, per_page: int) -> tuple[int, int]:
    """Limit and offset of a page; pages count from 1."""
    return per_page, (max(page, 1) - 1) * per_page
