"""What requests reserve: idempotency keys with their answers, and number series."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from activities.store.tables.base import metadata, moment, tenant_key

idempotency = Table(
    "idempotency",
    metadata,
    tenant_key(),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("entity_id", BigInteger, nullable=False, comment="reserved for what the request creates"),
    Column("number", Text, comment="reserved for what the request creates, when it is numbered by a series"),
    Column("digest", Text, comment="of the program the request is bound to"),
    Column("status", Integer, comment="HTTP status of the answer; null while in flight"),
    Column("response", JSON),
    moment("created_at", now=True),
    moment("expires_at"),
)
Index("ix_idempotency_expires_at", idempotency.c.expires_at)

number_series = Table(
    "number_series",
    metadata,
    tenant_key(),
    Column("series", Text, primary_key=True),
    Column("period", Text, primary_key=True, comment="2025, 2025-11, 2025-11-06, or empty for one endless count"),
    Column("last", BigInteger, nullable=False),
)
