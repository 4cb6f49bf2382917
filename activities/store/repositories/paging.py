"""Pages of long lists in time that does not grow with the list.

The page is found by keys alone (an index-only scan), rows are fetched for these; the count stops at a limit, beyond
which the planner's estimate has to do.
"""

from __future__ import annotations

from sqlalchemy import func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories.rows import AnySelect

COUNTED = 10_000
"""Rows counted exactly; a person pages through less, and a reader of figures asks for a report."""


async def count(connection: AsyncConnection, keys: AnySelect) -> tuple[int, bool]:
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


async def _estimate(connection: AsyncConnection, keys: AnySelect) -> int:
    compiled = keys.order_by(None).compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {compiled}", dict(compiled.params))
    return int(explained.scalar_one()[0]["Plan"]["Plan Rows"])


def window(page: int, per_page: int) -> tuple[int, int]:
    """Limit and offset of a page; pages count from 1."""
    return per_page, (max(page, 1) - 1) * per_page
