"""The audit log of the team."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from activities.services.audit import AuditFilter
from api.contracts.external import examples, translate
from api.contracts.external.errors import ExternalRoute
from api.contracts.external.paging import Offset
from api.contracts.external.schemas import AuditList
from api.deps import Asked, Who
from api.operation import operation
from workflows.domain.errors import InvalidInput

router = APIRouter(prefix="/api/v1/audit-log", route_class=ExternalRoute)

Limit = Annotated[int, Query(ge=1, le=200, description="Max results.")]


@router.get("", response_model=AuditList)
@operation("audit.read", response=examples.AUDIT_LOG)
async def list_audit_log(
    who: Who,
    asked: Asked,
    from_date: Annotated[dt.date | None, Query(alias="fromDate", description="First day, UTC.")] = None,
    to_date: Annotated[dt.date | None, Query(alias="toDate", description="Last day, UTC.")] = None,
    username: Annotated[str | None, Query(max_length=200)] = None,
    action: Annotated[str | None, Query(max_length=100)] = None,
    entity_type: Annotated[str | None, Query(alias="entityType", max_length=100)] = None,
    entity_id: Annotated[str | None, Query(alias="entityId", max_length=200)] = None,
    outcome: Annotated[Literal["allowed", "denied"] | None, Query()] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Writes and denied attempts, newest first. Steps of instances have a log of their own, under `/history`."""
    if offset % limit:
        violation = {"field": "offset", "value": offset, "constraint": "must be a multiple of limit"}
        raise InvalidInput("offset must be a multiple of limit", violations=[violation])
    wanted = AuditFilter(
        username=username,
        action=action,
        entity_type=entity_type,
        entity_id=entity_id,
        outcome=outcome,
        since=_midnight(from_date),
        until=_midnight(to_date + dt.timedelta(days=1)) if to_date else None,
    )
    found = await asked.audit.list_entries(who.tenant, wanted, page=offset // limit + 1, per_page=limit)
    return {
        "entries": [translate.audit_entry(entry) for entry in found.items],
        "pagination": translate.pagination(found.total, limit, offset, len(found.items)),
    }


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), dt.UTC) if day else None
