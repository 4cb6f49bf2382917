"""Bodies of mes-external-api.md for API keys, webhooks and the audit log; camelCase outside, snake_case inside."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_network
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class CamelInput(Camel):
    """Bodies take the contract's own spelling only, and nothing unknown (C-09)."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False, extra="forbid")


class Pagination(Camel):
    total: int
    limit: int
    offset: int
    has_more: bool


# --- API keys -----------------------------------------------------------------------------------------------

Scope = Literal["read-only", "read-write", "admin"]


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError(f"{text!r} is neither an address nor a network in CIDR form") from None


class ApiKeyInput(CamelInput):
    name: str = Field(min_length=1, max_length=100)
    scope: Scope
    roles: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="Roles the key acts with where a process definition asks for one.",
    )
    allowed_ips: list[str] = Field(
        default_factory=list, max_length=50, description="Networks in CIDR form; empty: from anywhere."
    )
    expires_at: datetime | None = None

    _networks = field_validator("allowed_ips")(lambda texts: [_network(text) for text in texts])


class ApiKeyPatch(CamelInput):
    name: str | None = Field(default=None, min_length=1, max_length=100)
    scope: Scope | None = None
    roles: list[str] | None = Field(default=None, max_length=20)
    allowed_ips: list[str] | None = Field(default=None, max_length=50)

    _networks = field_validator("allowed_ips")(
        lambda texts: None if texts is None else [_network(text) for text in texts]
    )


class Regeneration(CamelInput):
    overlap_hours: float = Field(
        default=24, ge=0, le=168, description="How long the old secret goes on working beside the new one."
    )


class ApiKeyView(Camel):
    id: str
    name: str
    prefix: str = Field(description="First characters of the key, for recognition.")
    team_id: str
    scope: Scope
    roles: list[str]
    allowed_ips: list[str]
    rate_limit_per_hour: int
    burst_per_minute: int
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeyWithSecret(ApiKeyView):
    api_key: str = Field(description="The key itself; shown this once.")


class ApiKeyList(Camel):
    api_keys: list[ApiKeyView]
    pagination: Pagination


# --- webhooks -----------------------------------------------------------------------------------------------


class WebhookInput(CamelInput):
    url: str = Field(min_length=1, max_length=2000)
    events: list[str] = Field(
        min_length=1, max_length=100, description="Event types, groups such as `order.*`, or `*` for all."
    )
    description: str | None = Field(default=None, max_length=500)


class WebhookPatch(CamelInput):
    url: str | None = Field(default=None, min_length=1, max_length=2000)
    events: list[str] | None = Field(default=None, min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=500)
    is_active: bool | None = None


class WebhookView(Camel):
    id: str
    url: str
    events: list[str]
    is_active: bool
    verified: bool
    description: str | None
    created_at: datetime
    updated_at: datetime
    health: Literal["active", "degraded", "disabled"]
    health_reason: str | None


class WebhookWithSecret(WebhookView):
    secret: str = Field(description="Signing secret; shown this once.")


class WebhookList(Camel):
    webhooks: list[WebhookView]
    pagination: Pagination


class WebhookChallenged(WebhookView):
    challenge_sent_at: datetime


class DeliveryView(Camel):
    id: str
    webhook_id: str
    event: str
    status: Literal["pending", "delivering", "delivered", "retrying", "dead"]
    attempts: int
    next_attempt_at: datetime | None
    response_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None
    message_id: str = Field(description="Header `webhook-id`: the same for all attempts and replays.")
    test: bool
    replay_of: str | None


class DeliveryList(Camel):
    deliveries: list[DeliveryView]
    pagination: Pagination


class AttemptView(Camel):
    attempt: int
    at: datetime
    response_status: int | None
    error: str | None
    duration_ms: int | None
    response: str | None = Field(description="The first characters of the answer.")


class DeliveryDetail(DeliveryView):
    attempt_log: list[AttemptView]


class ReplayRange(CamelInput):
    """Which deliveries are sent again: all given conditions hold together."""

    from_date: datetime | None = None
    to_date: datetime | None = Field(default=None, description="Exclusive.")
    event: str | None = Field(default=None, max_length=100)
    status: Literal["delivered", "retrying", "dead"] | None = None


class Replayed(Camel):
    replayed: int


class RotationInput(CamelInput):
    overlap_hours: float = Field(default=24, ge=0, le=168, description="How long messages carry both signatures.")


# --- audit log ----------------------------------------------------------------------------------------------


class AuditEntry(Camel):
    id: str
    occurred_at: datetime
    actor_type: Literal["api_key", "user", "system"]
    actor_id: str
    method: str | None
    path: str | None
    status_code: int | None
    request_id: str | None
    entity_type: str | None
    entity_id: str | None
    before: Any
    after: Any
    action: str = Field(description="What was done or tried, e.g. `api_key.create`.")
    outcome: Literal["allowed", "denied"]
    code: str | None = Field(description="Error code of a denied attempt.")
    reason: str | None
    username: str
    ip: str | None


class AuditList(Camel):
    entries: list[AuditEntry]
    pagination: Pagination
