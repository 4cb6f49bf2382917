"""Process definitions by version, and the programs they compile to, by content."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from activities.store.tables.base import metadata, moment, tenant_key

programs = Table(
    "programs",
    metadata,
    Column("digest", Text, primary_key=True, comment="SHA-256 of `canonical`"),
    Column("canonical", LargeBinary, nullable=False, comment="canonical JSON; shared by tenants, never changed"),
    moment("created_at", now=True),
)

definitions = Table(
    "definitions",
    metadata,
    tenant_key(),
    Column("process", Text, primary_key=True),
    Column("version", Text, primary_key=True, comment="semantic version"),
    Column("digest", Text, ForeignKey("programs.digest"), nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("source", Text, nullable=False, comment="the YAML as written"),
    Column("files", JSON, nullable=False, comment="schemas and forms the YAML names, path -> text"),
    Column("changelog", Text),
    moment("created_at", now=True),
    Column("created_by", Text),
    moment("published_at", optional=True),
    Column("published_by", Text),
    CheckConstraint("status in ('draft', 'published', 'deprecated')", name="status"),
)
Index("ix_definitions_tenant_id_digest", definitions.c.tenant_id, definitions.c.digest)
