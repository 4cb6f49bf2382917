"""Lots and the holds placed on them: the minimal ledger that `stock.hold` works on."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Numeric, Table, Text

from activities.store.tables.base import identity, metadata, moment, tenant, tenant_key

lots = Table(
    "lots",
    metadata,
    tenant_key(),
    Column("lot_number", Text, primary_key=True),
    Column("material", Text),
    Column(
        "status",
        Text,
        nullable=False,
        server_default="available",
        comment="available, on_hold, quarantine, …",
    ),
    Column("free_status", Text, comment="what the lot returns to when its last hold ends; null: not held"),
    Column("quantity", Numeric),
    Column("unit", Text),
    moment("created_at", now=True),
    moment("updated_at", now=True),
)

lot_holds = Table(
    "lot_holds",
    metadata,
    identity(),
    tenant(),
    Column("lot_number", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("process", Text, comment="what placed the hold; another process's release leaves it in force"),
    Column("entity_id", BigInteger),
    Column("placed_by", Text, nullable=False),
    moment("placed_at", now=True),
    moment("released_at", optional=True),
    Column("released_by", Text),
    ForeignKeyConstraint(["tenant_id", "lot_number"], ["lots.tenant_id", "lots.lot_number"]),
)
Index("ix_lot_holds_lot", lot_holds.c.tenant_id, lot_holds.c.lot_number)
Index("ix_lot_holds_entity", lot_holds.c.tenant_id, lot_holds.c.process, lot_holds.c.entity_id)
Index(
    "uq_lot_holds_open",
    lot_holds.c.tenant_id,
    lot_holds.c.lot_number,
    lot_holds.c.process,
    lot_holds.c.entity_id,
    unique=True,
    postgresql_where=lot_holds.c.released_at.is_(None),
)
