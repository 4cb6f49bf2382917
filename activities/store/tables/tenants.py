"""Tenants (a company or plant that owns its data) and their operational settings."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from activities.store.tables.base import metadata, moment, tenant_key

tenants = Table(
    "tenants",
    metadata,
    tenant_key(),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False, server_default="UTC", comment="IANA name; dates in numbers use it"),
    moment("created_at", now=True),
    moment("disabled_at", optional=True),
)

settings = Table(
    "settings",
    metadata,
    tenant_key(),
    Column("name", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    moment("updated_at", now=True),
    Column("updated_by", Text),
)
