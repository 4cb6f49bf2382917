"""Domain events written in the step's transaction, waiting to be carried to whoever subscribed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from activities.store.tables.base import identity, metadata, moment, tenant

outbox = Table(
    "outbox",
    metadata,
    identity(),
    tenant(),
    Column("event", Text, nullable=False),
    Column("payload", JSON, nullable=False, comment="the envelope as subscribers get it, exact text"),
    Column("process", Text, nullable=False),
    Column("entity_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="1, 2, 3, … per instance"),
    moment("created_at", now=True),
    moment("dispatched_at", optional=True),
)
Index("ix_outbox_undispatched", outbox.c.id, postgresql_where=outbox.c.dispatched_at.is_(None))
Index(
    "uq_outbox_sequence",
    outbox.c.tenant_id,
    outbox.c.process,
    outbox.c.entity_id,
    outbox.c.sequence,
    unique=True,
)
Index("ix_outbox_created", outbox.c.tenant_id, outbox.c.created_at.desc(), outbox.c.id.desc())
