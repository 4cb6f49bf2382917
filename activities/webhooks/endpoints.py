"""What an endpoint may be told to do, and what is shown of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from activities.store.repositories.webhook_endpoints import Endpoint
from workflows.domain.errors import Conflict, InvalidInput

ENTITY = "webhook_endpoint"
"""What the audit trail calls an endpoint."""

_PATTERN = re.compile(r"\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?")
_LONGEST = 100


def demand_enabled(endpoint: Endpoint) -> None:
    if endpoint.health.status == "disabled":
        reason = endpoint.health.reason or "disabled"
        raise Conflict(f"the endpoint is disabled: {reason}", code="ENDPOINT_DISABLED")


def demand_events(events: Sequence[str]) -> None:
    if not events:
        raise invalid("events", "", "at least one event, or `*` for all")
    for event in events:
        if len(event) > _LONGEST or not _PATTERN.fullmatch(event):
            raise invalid("events", event, "an event such as order.completed, a group such as order.*, or *")


def invalid(field: str, value: str, constraint: str) -> InvalidInput:
    violation = {"field": field, "value": value[:200], "constraint": constraint}
    return InvalidInput(f"{field}: {constraint}", violations=[violation])


def view(endpoint: Endpoint) -> dict[str, Any]:
    """What the audit trail keeps; no secret."""
    return {
        "url": endpoint.url,
        "events": list(endpoint.events),
        "description": endpoint.description,
        "owner": endpoint.owner,
        "status": endpoint.health.status,
    }
