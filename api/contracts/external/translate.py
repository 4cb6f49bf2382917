"""From records to the shapes of the external contract."""

from __future__ import annotations

from typing import Any

from activities.services.api_keys import ApiKey
from activities.services.webhooks import Attempt, Delivery, Endpoint
from workflows.domain.records import AuditEntry

RATE_PER_HOUR = 1000
BURST_PER_MINUTE = 100

_STATUS = {
    "pending": "pending",
    "delivering": "delivering",
    "delivered": "delivered",
    "retry_scheduled": "retrying",
    "exhausted": "dead",
    "discarded": "dead",
    "endpoint_lost": "dead",
    "replayed": "dead",
}
"""State of the process that carries a delivery -> the contract's word."""
DELIVERY_STATES = {
    status: tuple(state for state, word in _STATUS.items() if word == status) for status in _STATUS.values()
}


def pagination(total: int, limit: int, offset: int, shown: int) -> dict[str, Any]:
    return {"total": total, "limit": limit, "offset": offset, "has_more": offset + shown < total}


def api_key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "name": key.name,
        "prefix": f"jdk_{key.prefix}",
        "team_id": key.tenant,
        "scope": key.scope,
        "roles": list(key.roles),
        "allowed_ips": list(key.allowed_ips),
        "rate_limit_per_hour": RATE_PER_HOUR,
        "burst_per_minute": BURST_PER_MINUTE,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


def webhook(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": str(endpoint.id),
        "url": endpoint.url,
        "events": list(endpoint.events),
        "is_active": endpoint.health.status != "disabled",
        "verified": endpoint.last_success_at is not None,
        "description": endpoint.description or None,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
        "health": endpoint.health.status,
        "health_reason": endpoint.health.reason,
    }


def delivery(item: Delivery) -> dict[str, Any]:
    status = _STATUS.get(item.state, "pending")
    return {
        "id": str(item.id),
        "webhook_id": str(item.endpoint_id),
        "event": item.event,
        "status": status,
        "attempts": item.attempts,
        "next_attempt_at": item.next_attempt_at,
        "response_status": item.last_status,
        "last_error": item.last_error,
        "created_at": item.created_at,
        "delivered_at": item.ended_at if status == "delivered" else None,
        "message_id": item.webhook_id,
        "test": item.test,
        "replay_of": str(item.replay_of) if item.replay_of is not None else None,
    }


def attempt(item: Attempt) -> dict[str, Any]:
    return {
        "attempt": item.attempt,
        "at": item.at,
        "response_status": item.status_code,
        "error": item.error,
        "duration_ms": item.duration_ms,
        "response": item.response,
    }


def audit_entry(entry: AuditEntry) -> dict[str, Any]:
    after = entry.after if isinstance(entry.after, dict) else {}
    request = after if entry.outcome == "denied" else {}
    kind = entry.actor.get("kind", "user")
    return {
        "id": str(entry.id),
        "occurred_at": entry.at,
        "actor_type": kind,
        "actor_id": str(entry.actor.get("id") or entry.username),
        "method": request.get("method"),
        "path": request.get("path"),
        "status_code": None,
        "request_id": entry.request_id,
        "entity_type": entry.entity_type,
        "entity_id": entry.entity_id,
        "before": entry.before,
        "after": None if request else entry.after,
        "action": entry.action,
        "outcome": entry.outcome,
        "code": entry.code,
        "reason": entry.reason,
        "username": entry.username,
        "ip": entry.ip,
    }
