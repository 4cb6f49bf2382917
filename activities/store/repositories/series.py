"""Number series: one counter per tenant, series and period. Numbers are never reused; gaps are allowed."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.tables import number_series, tenants
from workflows.domain.numbering import parse


async def allocate(connection: AsyncConnection, tenant: str, series: str, pattern: str, at: dt.datetime) -> str:
    """The next number of `series`; taken for good when the transaction commits.

    Others who ask for the same series wait until then, so keep what follows in the transaction short.

    Args:
        series: usually the process.
        at: time of the event, with a zone; its date in the tenant's time zone goes into the number.

    Raises:
        InvalidInput: a malformed pattern.
    """
    parsed = parse(pattern)
    zone = await connection.scalar(select(tenants.c.time_zone).where(tenants.c.tenant_id == tenant))
    today = at.astimezone(ZoneInfo(zone or "UTC")).date()
    count = await connection.scalar(
        insert(number_series)
        .values(tenant_id=tenant, series=series, period=parsed.period(today), last=1)
        .on_conflict_do_update(
            index_elements=["tenant_id", "series", "period"], set_={"last": number_series.c.last + 1}
        )
        .returning(number_series.c.last)
    )
    assert count is not None
    return parsed.format(today, count)
