"""Electronic signatures, and the checkpoints over everything that is append-only. Both append-only themselves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSON

from activities.store.tables.base import identity, metadata, moment, tenant, tenant_key, transaction_id

_APPEND_ONLY = "append-only: a trigger refuses UPDATE, DELETE and TRUNCATE"

signatures = Table(
    "signatures",
    metadata,
    identity(),
    tenant(),
    Column("process", Text, nullable=False),
    Column("entity_id", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False, comment="the step it was given with"),
    Column("state", Text),
    Column("task", Text),
    Column("code", Text, nullable=False, comment="of the transition"),
    Column("meaning", Text, nullable=False),
    Column("level", Text, nullable=False, comment="S2, or S3 for two people"),
    Column("position", Integer, nullable=False, comment="first or second of two"),
    Column("complete", Boolean, nullable=False, comment="no further signature is needed"),
    Column("voids", Boolean, nullable=False, comment="the one before was for other content"),
    Column("username", Text, nullable=False),
    Column("printed_name", Text, nullable=False),
    Column("on_behalf_of", Text),
    moment("signed_at"),
    Column("content_hash", Text, nullable=False, comment="of what was signed"),
    Column("signature", JSON, nullable=False, comment="as the command had it"),
    Column("digest", Text, nullable=False, comment="of the definition"),
    Column("chain_hash", Text, nullable=False, comment="of the step before"),
    Column("hash", Text, nullable=False, comment="of this row"),
    transaction_id(),
    CheckConstraint("level in ('S2', 'S3')", name="level"),
    comment=_APPEND_ONLY,
)
_s = signatures.c
Index("uq_signatures_step", _s.tenant_id, _s.process, _s.entity_id, _s.seq, unique=True)
Index("ix_signatures_username", _s.tenant_id, func.lower(_s.username), _s.signed_at.desc())
Index("ix_signatures_xact", _s.xact, postgresql_using="brin")

checkpoints = Table(
    "checkpoints",
    metadata,
    tenant_key(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    moment("at"),
    Column("upto", BigInteger, nullable=False, comment="transactions before this one are all covered"),
    Column("count", BigInteger, nullable=False),
    Column("root", Text, nullable=False, comment="of the Merkle tree over its rows"),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    comment=_APPEND_ONLY,
)

checkpoint_rows = Table(
    "checkpoint_rows",
    metadata,
    tenant_key(),
    Column("kind", Text, primary_key=True, comment="step, audit or signature"),
    Column("key", Text, primary_key=True),
    Column("checkpoint", BigInteger, nullable=False),
    Column("position", Integer, nullable=False, comment="among the leaves of the tree, from 0"),
    Column("xact", BigInteger, nullable=False),
    Column("hash", Text, nullable=False, comment="of the row that it stands for"),
    comment=_APPEND_ONLY,
)
_r = checkpoint_rows.c
Index("uq_checkpoint_rows_position", _r.tenant_id, _r.checkpoint, _r.position, unique=True)

signing_sessions = Table(
    "signing_sessions",
    metadata,
    tenant_key(),
    Column("family", Uuid, primary_key=True, comment="of the refresh tokens of one log-in"),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    moment("signed_at"),
)
