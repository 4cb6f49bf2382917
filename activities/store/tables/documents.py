"""Documents made of instances, kept as bytes beside the records they show: one backup, one row-level security."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from activities.store.tables.base import identity, metadata, moment, tenant

documents = Table(
    "documents",
    metadata,
    identity(),
    tenant(),
    Column("process", Text, nullable=False),
    Column("entity_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False, comment="of the effect that asked for it; a repeat finds the document"),
    Column("title", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", Text, nullable=False, comment="of the content, hexadecimal"),
    Column("content", LargeBinary, nullable=False),
    moment("created_at", now=True),
)
_d = documents.c
Index("uq_documents_key", _d.tenant_id, _d.key, unique=True)
Index("ix_documents_entity", _d.tenant_id, _d.process, _d.entity_id, _d.id.desc())
