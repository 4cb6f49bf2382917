"""Writes and denied attempts that are no steps: who did what to what, with what result. Append-only."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import INET, JSON

from activities.store.tables.base import identity, metadata, moment, tenant, transaction_id

audit = Table(
    "audit",
    metadata,
    identity(),
    tenant(),
    moment("at"),
    Column("actor_id", BigInteger),
    Column("username", Text, nullable=False),
    Column("actor", JSON, nullable=False),
    Column("acting_role", Text),
    Column("on_behalf_of", Text),
    Column("action", Text, nullable=False),
    Column("entity_type", Text),
    Column("entity_id", Text),
    Column("before", JSON),
    Column("after", JSON),
    Column("reason", Text),
    Column("source", Text, nullable=False),
    Column("ip", INET),
    Column("request_id", Text),
    Column("outcome", Text, nullable=False),
    Column("code", Text, comment="error code of a denied attempt"),
    Column("hash", Text, nullable=False, comment="of this row alone; a chain would make one row hot"),
    transaction_id(),
    CheckConstraint("outcome in ('allowed', 'denied')", name="outcome"),
    comment="append-only: a trigger refuses UPDATE, DELETE and TRUNCATE",
)
_a = audit.c
Index("ix_audit_at", _a.tenant_id, _a.at.desc(), _a.id.desc())
Index("ix_audit_entity", _a.tenant_id, _a.entity_type, _a.entity_id, _a.at.desc(), _a.id.desc())
Index("ix_audit_username", _a.tenant_id, _a.username, _a.at.desc(), _a.id.desc())
Index("ix_audit_action", _a.tenant_id, _a.action, _a.at.desc(), _a.id.desc())
Index("ix_audit_xact", _a.xact, postgresql_using="brin")
