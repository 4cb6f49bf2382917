"""Webhook endpoints, deliveries (one per event and endpoint, and per replay) and the attempts made for each.

Where a delivery stands is the state of the `webhook_delivery` instance that carries it; no column repeats it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from activities.store.tables.base import identity, metadata, moment, tenant, words

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    identity(),
    tenant(),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    words("events"),
    Column("secret", LargeBinary, nullable=False, comment="sealed; signing needs the secret itself, not a hash"),
    Column("previous_secret", LargeBinary, comment="sealed; signs too until the rotation ends"),
    moment("previous_secret_until", optional=True),
    Column("status", Text, nullable=False, server_default="active"),
    Column("status_reason", Text),
    Column("failures", Integer, nullable=False, server_default=text("0"), comment="since the last success"),
    moment("failing_since", optional=True),
    moment("last_success_at", optional=True),
    Column("owner", Text, comment="user:NAME or a mail address; hears of it when the endpoint is disabled"),
    Column("created_by", Text),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    moment("deleted_at", optional=True),
    CheckConstraint("status in ('active', 'degraded', 'disabled')", name="status"),
)
Index("ix_webhook_endpoints_tenant_id_id", webhook_endpoints.c.tenant_id, webhook_endpoints.c.id)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    identity(),
    tenant(),
    Column("endpoint_id", BigInteger, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("outbox_id", BigInteger, comment="null for test events"),
    Column("webhook_id", Text, nullable=False, comment="header webhook-id; one for all attempts and replays"),
    Column("event", Text, nullable=False),
    Column("body", Text, nullable=False, comment="exactly what is signed and sent"),
    Column("test", Boolean, nullable=False, server_default=text("false")),
    Column("replay_of", BigInteger, ForeignKey("webhook_deliveries.id")),
    Column("entity_id", BigInteger, nullable=False, comment="of the webhook_delivery instance that carries it"),
    Column("requested_by", Text, comment="user name; null: an event"),
    moment("created_at", now=True),
    moment("started_at", optional=True),
    moment("start_after", now=True),
    Column("start_failures", Integer, nullable=False, server_default=text("0")),
)
_d = webhook_deliveries.c
Index(
    "uq_webhook_deliveries_event",
    _d.endpoint_id,
    _d.outbox_id,
    unique=True,
    postgresql_where=_d.replay_of.is_(None),
)
Index("ix_webhook_deliveries_endpoint", _d.tenant_id, _d.endpoint_id, _d.created_at.desc(), _d.id.desc())
Index("ix_webhook_deliveries_created", _d.tenant_id, _d.created_at.desc(), _d.id.desc())
Index("uq_webhook_deliveries_entity_id", _d.entity_id, unique=True)
Index("ix_webhook_deliveries_replay_of", _d.replay_of, postgresql_where=_d.replay_of.is_not(None))
Index("ix_webhook_deliveries_unstarted", _d.start_after, _d.id, postgresql_where=_d.started_at.is_(None))

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("delivery_id", BigInteger, ForeignKey("webhook_deliveries.id"), primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    tenant(),
    moment("at", now=True),
    Column("status_code", Integer),
    Column("error", Text),
    Column("duration_ms", Integer),
    Column("response", Text, comment="first characters of the answer"),
    Column("result", JSON, nullable=False, comment="what the activity reported; a repeat reports it again"),
)
