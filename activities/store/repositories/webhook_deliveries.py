"""SQL of webhook deliveries and their attempts. The state of a delivery is that of the instance that carries it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.repositories import paging
from activities.store.tables import entity_ids, instances, webhook_attempts, webhook_deliveries

PROCESS = "webhook_delivery"

_ROWS = 500
"""Rows of one INSERT; the protocol takes 65,535 parameters."""

_d = webhook_deliveries.c
_a = webhook_attempts.c
_i = instances.c
_carrier = and_(_i.tenant_id == _d.tenant_id, _i.process == PROCESS, _i.entity_id == _d.entity_id)


@dataclass(frozen=True, slots=True)
class Draft:
    """A delivery to be made."""

    tenant: str
    endpoint_id: int
    webhook_id: str
    event: str
    body: str
    outbox_id: int | None = None
    test: bool = False
    replay_of: int | None = None
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    endpoint_id: int
    webhook_id: str
    """The header; the same for all attempts and replays."""
    event: str
    body: str
    test: bool
    replay_of: int | None
    entity_id: int
    state: str
    """State of the carrying instance; `pending` until it has started."""
    attempts: int
    last_status: int | None
    """HTTP status of the last attempt."""
    last_error: str | None
    next_attempt_at: dt.datetime | None
    created_at: dt.datetime
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    attempt: int
    at: dt.datetime
    status_code: int | None
    error: str | None
    duration_ms: int | None
    response: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """What an attempt needs to know of its delivery."""

    id: int
    endpoint_id: int
    webhook_id: str
    event: str
    body: str


@dataclass(frozen=True, slots=True)
class Filter:
    endpoint_id: int | None = None
    event: str | None = None
    states: Sequence[str] = ()
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    """Exclusive."""
    originals: bool = False
    """Leave replays out."""

    def conditions(self, tenant: str) -> list[ColumnElement[bool]]:
        wanted: list[ColumnElement[bool]] = [_d.tenant_id == tenant]
        if self.endpoint_id is not None:
            wanted.append(_d.endpoint_id == self.endpoint_id)
        if self.event is not None:
            wanted.append(_d.event == self.event)
        if self.states:
            begun = _i.state.in_(self.states)
            # Without a process yet it is pending. Asked for only then: otherwise an index finds the states.
            waiting = and_(_d.started_at.is_(None), _i.state.is_(None))
            wanted.append(or_(begun, waiting) if "pending" in self.states else begun)
        if self.since is not None:
            wanted.append(_d.created_at >= self.since)
        if self.until is not None:
            wanted.append(_d.created_at < self.until)
        if self.originals:
            wanted.append(_d.replay_of.is_(None))
        return wanted


async def add(connection: AsyncConnection, drafts: Sequence[Draft]) -> list[int]:
    """Adds deliveries with an instance id reserved for each; an event already planned for an endpoint is left out.

    Returns:
        Ids of those added.
    """
    added: list[int] = []
    for start in range(0, len(drafts), _ROWS):
        rows = [_row(draft) for draft in drafts[start : start + _ROWS]]
        statement = postgresql_insert(webhook_deliveries).values(rows).on_conflict_do_nothing()
        added += (await connection.execute(statement.returning(_d.id))).scalars()
    return added


def _row(draft: Draft) -> dict[str, Any]:
    return {
        "tenant_id": draft.tenant,
        "endpoint_id": draft.endpoint_id,
        "outbox_id": draft.outbox_id,
        "webhook_id": draft.webhook_id,
        "event": draft.event,
        "body": draft.body,
        "test": draft.test,
        "replay_of": draft.replay_of,
        "requested_by": draft.requested_by,
        "entity_id": entity_ids.next_value(),
    }


async def message(connection: AsyncConnection, tenant: str, delivery_id: int) -> Message | None:
    query = select(_d.id, _d.endpoint_id, _d.webhook_id, _d.event, _d.body)
    row = (await connection.execute(query.where(_d.tenant_id == tenant, _d.id == delivery_id))).one_or_none()
    return None if row is None else Message(*row)


async def get(connection: AsyncConnection, tenant: str, delivery_id: int) -> Delivery | None:
    row = (await connection.execute(_view().where(_d.tenant_id == tenant, _d.id == delivery_id))).one_or_none()
    return None if row is None else _delivery(row)


async def page(
    connection: AsyncConnection, tenant: str, wanted: Filter, *, limit: int, offset: int
) -> tuple[list[Delivery], int]:
    """A page, newest first, and the number of all that match; beyond 10,000 an estimate."""
    matching = select(_d.id).select_from(webhook_deliveries.outerjoin(instances, _carrier))
    total, _ = await paging.count(connection, matching.where(*wanted.conditions(tenant)))
    newest = _view().where(*wanted.conditions(tenant)).order_by(_d.created_at.desc(), _d.id.desc())
    rows = await connection.execute(newest.limit(limit).offset(offset))
    return [_delivery(row) for row in rows], total


async def matching(connection: AsyncConnection, tenant: str, wanted: Filter, *, limit: int) -> list[Delivery]:
    """Deliveries that match, oldest first."""
    oldest = _view().where(*wanted.conditions(tenant)).order_by(_d.created_at, _d.id).limit(limit)
    return [_delivery(row) for row in await connection.execute(oldest)]


async def attempts(connection: AsyncConnection, tenant: str, delivery_id: int) -> list[Attempt]:
    """All attempts, in order."""
    query = select(_a.attempt, _a.at, _a.status_code, _a.error, _a.duration_ms, _a.response)
    mine = query.where(_a.tenant_id == tenant, _a.delivery_id == delivery_id).order_by(_a.attempt)
    return [Attempt(*row) for row in await connection.execute(mine)]


async def reported(connection: AsyncConnection, tenant: str, delivery_id: int, attempt: int) -> dict[str, Any] | None:
    """What an attempt that is on record reported; None when it is not."""
    query = select(_a.result).where(_a.tenant_id == tenant, _a.delivery_id == delivery_id, _a.attempt == attempt)
    return (await connection.execute(query)).scalar_one_or_none()


async def record(
    connection: AsyncConnection, tenant: str, delivery_id: int, attempt: Attempt, result: dict[str, Any]
) -> bool:
    """Puts an attempt on record, once. False: it was there already, and that report stands."""
    statement = (
        postgresql_insert(webhook_attempts)
        .values(
            tenant_id=tenant,
            delivery_id=delivery_id,
            attempt=attempt.attempt,
            at=attempt.at,
            status_code=attempt.status_code,
            error=attempt.error,
            duration_ms=attempt.duration_ms,
            response=attempt.response,
            result=result,
        )
        .on_conflict_do_nothing()
        .returning(_a.attempt)
    )
    return (await connection.execute(statement)).scalar_one_or_none() is not None


# --- starting: for the dispatcher, which sees all tenants ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unstarted:
    id: int
    tenant: str
    entity_id: int
    endpoint_id: int
    event: str
    failures: int
    """Starts that failed so far."""
    replays: int | None
    """Entity id of the instance whose delivery this one repeats."""


async def claim_unstarted(connection: AsyncConnection, limit: int) -> list[Unstarted]:
    """Deliveries whose instance is to be started, locked against other dispatchers until the transaction ends.

    The lock lets foreign keys refer to the row: a process that runs already may put its first attempt on record.
    """
    old = webhook_deliveries.alias("old")
    replayed = select(old.c.entity_id).where(old.c.id == _d.replay_of).scalar_subquery()
    query = (
        select(_d.id, _d.tenant_id, _d.entity_id, _d.endpoint_id, _d.event, _d.start_failures, replayed)
        .where(_d.started_at.is_(None), _d.start_after <= func.now())
        .order_by(_d.start_after, _d.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=webhook_deliveries, key_share=True)
    )
    return [Unstarted(*row) for row in await connection.execute(query)]


async def mark_started(connection: AsyncConnection, delivery_ids: Sequence[int]) -> None:
    if delivery_ids:
        await connection.execute(
            update(webhook_deliveries).where(_d.id.in_(delivery_ids)).values(started_at=func.clock_timestamp())
        )


async def postpone_start(connection: AsyncConnection, delivery_id: int, wait: dt.timedelta) -> None:
    """The start failed; it is tried again after `wait`, behind those that wait for their first try."""
    await connection.execute(
        update(webhook_deliveries)
        .where(_d.id == delivery_id)
        .values(start_after=func.clock_timestamp() + wait, start_failures=_d.start_failures + 1)
    )


def _view() -> Select[*tuple[Any, ...]]:
    last = (
        select(_a.attempt, _a.status_code, _a.error)
        .where(_a.delivery_id == _d.id)
        .order_by(_a.attempt.desc())
        .limit(1)
        .lateral("last")
    )
    made = select(func.count()).where(_a.delivery_id == _d.id).correlate(webhook_deliveries).scalar_subquery()
    return select(
        _d.id,
        _d.endpoint_id,
        _d.webhook_id,
        _d.event,
        _d.body,
        _d.test,
        _d.replay_of,
        _d.entity_id,
        func.coalesce(_i.state, "pending").label("state"),
        made.label("attempts"),
        last.c.status_code.label("last_status"),
        last.c.error.label("last_error"),
        _i.next_timer_at.label("next_attempt_at"),
        _d.created_at,
        _i.ended_at,
    ).select_from(webhook_deliveries.outerjoin(instances, _carrier).outerjoin(last, true()))


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**row._mapping)
