"""What a person may do beyond their own roles, and what they are certified for; all of it for a time.

People are named by user name, as everywhere in the log: what was true then must stay readable. Nothing is deleted,
only revoked.

User names stand here exactly as `users` has them, and are indexed so: under row-level security an index on
`lower(…)` would lie idle, because that function is not leakproof.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Table, Text

from activities.store.tables.base import identity, metadata, moment, tenant

delegations = Table(
    "delegations",
    metadata,
    identity(),
    tenant(),
    Column("from_username", Text, nullable=False),
    Column("to_username", Text, nullable=False),
    moment("starts_at"),
    moment("ends_at"),
    Column("process", Text, comment="null: all processes"),
    Column("role", Text, comment="null: all roles of the person"),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    moment("created_at", now=True),
    moment("revoked_at", optional=True),
    Column("revoked_by", Text),
    CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
    CheckConstraint("lower(from_username) <> lower(to_username)", name="to_another"),
)
_d = delegations.c
Index("ix_delegations_to", _d.tenant_id, _d.to_username, _d.ends_at, postgresql_where=_d.revoked_at.is_(None))
Index("ix_delegations_from", _d.tenant_id, _d.from_username, _d.ends_at)

absences = Table(
    "absences",
    metadata,
    identity(),
    tenant(),
    Column("username", Text, nullable=False),
    Column("substitute", Text, comment="acts with all rights of the person meanwhile; null: nobody"),
    moment("starts_at"),
    moment("ends_at"),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    moment("created_at", now=True),
    moment("revoked_at", optional=True),
    Column("revoked_by", Text),
    CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
    CheckConstraint("lower(username) <> lower(substitute)", name="by_another"),
)
_b = absences.c
Index(
    "ix_absences_substitute",
    _b.tenant_id,
    _b.substitute,
    _b.ends_at,
    postgresql_where=_b.revoked_at.is_(None),
)
Index("ix_absences_username", _b.tenant_id, _b.username, _b.ends_at)

certificates = Table(
    "certificates",
    metadata,
    identity(),
    tenant(),
    Column("username", Text, nullable=False),
    Column("skill", Text, nullable=False),
    moment("valid_from"),
    moment("valid_until", optional=True),
    Column("certificate", Text, comment="number of the paper"),
    Column("recorded_by", Text, nullable=False),
    moment("recorded_at", now=True),
    moment("revoked_at", optional=True),
    Column("revoked_by", Text),
    Column("revoke_reason", Text),
    CheckConstraint("valid_from < valid_until", name="ends_after_it_starts"),
)
_s = certificates.c
Index("ix_certificates_username", _s.tenant_id, _s.username, _s.skill, _s.valid_until)
