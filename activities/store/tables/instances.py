"""Running and ended processes: the current row, the append-only step log, open incidents, failed attempts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    Sequence,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

from activities.store.tables.base import identity, metadata, moment, tenant, tenant_key, transaction_id, words

entity_ids = Sequence("entity_ids", metadata=metadata, data_type=BigInteger)
"""One sequence for all processes, so that an id alone never means two things."""

instances = Table(
    "instances",
    metadata,
    tenant_key(),
    Column("process", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Text, nullable=False),
    # Text search by number compares this column and not lower(number): under row-level security an index is
    # only used with leakproof functions, and lower() is none.
    Column("number_key", Text(collation="C"), Computed("lower(number)", persisted=True), nullable=False),
    Column("digest", Text, nullable=False),
    Column("version", Text, comment="of the definition; null when it is not published here"),
    Column("status", Text, nullable=False),
    Column("state", Text, nullable=False, comment="sorted atomic state ids joined with a comma"),
    words("states"),
    Column("data", JSONB, nullable=False),
    Column("snapshot", JSON, nullable=False, comment="exact text; its hash is in the last step"),
    Column("seq", BigInteger, nullable=False),
    Column("chain_head", Text, nullable=False, comment="hash of the last step"),
    Column("events", BigInteger, nullable=False, server_default=text("0"), comment="domain events so far"),
    Column("open_incidents", Integer, nullable=False, server_default=text("0")),
    Column("assignee", Text, comment="of the task opened last that has one"),
    Column("creator", Text),
    Column("outcome", Text),
    Column("parent_process", Text),
    Column("parent_entity_id", BigInteger),
    Column("parent_child", Text),
    moment("created_at"),
    moment("updated_at"),
    moment("ended_at", optional=True),
    moment("due_at", optional=True),
    moment("next_timer_at", optional=True),
    CheckConstraint("status in ('running', 'done', 'cancelled')", name="status"),
    postgresql_with={"fillfactor": "85"},
)
_i = instances.c
Index("uq_instances_number", _i.tenant_id, _i.process, _i.number, unique=True)
Index("ix_instances_number_key", _i.tenant_id, _i.process, _i.number_key)
Index("ix_instances_created", _i.tenant_id, _i.process, _i.created_at.desc(), _i.entity_id.desc())
Index("ix_instances_all_created", _i.tenant_id, _i.created_at.desc(), _i.entity_id.desc())
Index("ix_instances_state", _i.tenant_id, _i.process, _i.state, _i.created_at.desc(), _i.entity_id.desc())
Index(
    "ix_instances_running",
    _i.tenant_id,
    _i.process,
    _i.created_at.desc(),
    _i.entity_id.desc(),
    postgresql_where=_i.status == "running",
)
Index(
    "ix_instances_parent",
    _i.tenant_id,
    _i.parent_process,
    _i.parent_entity_id,
    postgresql_where=_i.parent_entity_id.is_not(None),
)
Index("ix_instances_digest", _i.tenant_id, _i.digest, postgresql_where=_i.status == "running")

steps = Table(
    "steps",
    metadata,
    tenant_key(),
    Column("process", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("command_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    words("taken"),
    words("before"),
    words("after"),
    Column("status", Text, nullable=False, comment="of the instance after the step"),
    Column("username", Text, nullable=False),
    Column("actor", JSON, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text),
    Column("changes", JSON, nullable=False, comment='field path -> {"old", "new"}'),
    Column("effects", JSON, nullable=False),
    Column("digest", Text, nullable=False),
    Column("snapshot_hash", Text, nullable=False),
    moment("at"),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    transaction_id(),
    comment="append-only: a trigger refuses UPDATE, DELETE and TRUNCATE",
)
Index("ix_steps_xact", steps.c.xact, postgresql_using="brin")
Index("ix_steps_username_at", steps.c.tenant_id, steps.c.username, steps.c.at.desc())
Index(
    "uq_steps_command",
    steps.c.tenant_id,
    steps.c.process,
    steps.c.entity_id,
    steps.c.command_id,
    unique=True,
)
Index("ix_steps_at", steps.c.tenant_id, steps.c.at.desc())

incidents = Table(
    "incidents",
    metadata,
    tenant_key(),
    Column("process", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("incident", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text),
    Column("state", Text),
    Column("error", JSON, nullable=False),
    Column("event", JSON),
    moment("since"),
    Column("opened_seq", BigInteger, nullable=False),
    moment("resolved_at", optional=True),
    Column("resolved_seq", BigInteger),
    Column("resolved_by", Text),
    Column("resolution", Text, comment="retry, skip, patch, move, or the event that ended it"),
    Column("reason", Text),
    moment("alerted_at", optional=True),
    moment("acknowledged_at", optional=True),
    Column("acknowledged_by", Text),
)
_n = incidents.c
Index("ix_incidents_open", _n.tenant_id, _n.since.desc(), postgresql_where=_n.resolved_at.is_(None))
Index("ix_incidents_since", _n.tenant_id, _n.since.desc())
Index(
    "ix_incidents_unalerted",
    _n.tenant_id,
    _n.since,
    postgresql_where=_n.alerted_at.is_(None) & _n.resolved_at.is_(None),
)

effect_attempts = Table(
    "effect_attempts",
    metadata,
    identity(),
    tenant(),
    Column("process", Text, nullable=False),
    Column("entity_id", BigInteger, nullable=False),
    Column("effect", Text, nullable=False, comment="effect id within the instance"),
    Column("action", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("error", JSON, nullable=False),
    moment("at", now=True),
    moment("next_at", optional=True),
)
_a = effect_attempts.c
Index("ix_effect_attempts_entity", _a.tenant_id, _a.process, _a.entity_id, _a.at.desc())
