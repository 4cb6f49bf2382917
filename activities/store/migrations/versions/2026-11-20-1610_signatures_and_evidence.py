"""Signatures, the checkpoints that bind all audited rows of a tenant together, and which sessions have signed.

Creates empty tables. `steps` and `audit` get a column that is filled from a constant, without being rewritten, and an
index of a few pages that locks each of them for one scan.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "signatures_and_evidence"
down_revision = "people_tasks"
branch_labels = None
depends_on = None

GRANTS = {
    # table: (jidoka_app, jidoka_system)
    "signatures": ("SELECT, INSERT", "SELECT"),
    "checkpoints": ("SELECT", "SELECT, INSERT"),
    "checkpoint_rows": ("SELECT", "SELECT, INSERT"),
    "signing_sessions": ("SELECT, INSERT, UPDATE", "SELECT, DELETE"),
}
APPEND_ONLY = ("signatures", "checkpoints", "checkpoint_rows")


def upgrade() -> None:
    for table in ("steps", "audit"):
        op.add_column(table, _xact())
        _index_xact(table)
    _create_signatures()
    _create_checkpoints()
    op.create_table(
        "signing_sessions",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("family", sa.Uuid(), nullable=False, comment="of the refresh tokens of one log-in"),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        _moment("signed_at"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_signing_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "family", name=op.f("pk_signing_sessions")),
    )
    for table, (app, system) in GRANTS.items():
        op.execute(f"GRANT {app} ON {table} TO jidoka_app")
        op.execute(f"GRANT {system} ON {table} TO jidoka_system")
        _wall_off(table)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in reversed(GRANTS):
        op.drop_table(table)  # its policies, triggers and grants go with it
    for table in ("audit", "steps"):
        op.drop_index(f"ix_{table}_xact", table_name=table)
        op.drop_column(table, "xact")


def _create_signatures() -> None:
    op.create_table(
        "signatures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="the step it was given with"),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False, comment="of the transition"),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False, comment="S2, or S3 for two people"),
        sa.Column("position", sa.Integer(), nullable=False, comment="first or second of two"),
        sa.Column("complete", sa.Boolean(), nullable=False, comment="no further signature is needed"),
        sa.Column("voids", sa.Boolean(), nullable=False, comment="the one before was for other content"),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("printed_name", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        _moment("signed_at"),
        sa.Column("content_hash", sa.Text(), nullable=False, comment="of what was signed"),
        sa.Column("signature", postgresql.JSON(astext_type=sa.Text()), nullable=False, comment="as the command had it"),
        sa.Column("digest", sa.Text(), nullable=False, comment="of the definition"),
        sa.Column("chain_hash", sa.Text(), nullable=False, comment="of the step before"),
        sa.Column("hash", sa.Text(), nullable=False, comment="of this row"),
        _xact(),
        sa.CheckConstraint("level in ('S2', 'S3')", name=op.f("ck_signatures_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        comment="append-only: a trigger refuses UPDATE, DELETE and TRUNCATE",
    )
    op.create_index("uq_signatures_step", "signatures", ["tenant_id", "process", "entity_id", "seq"], unique=True)
    op.create_index(
        "ix_signatures_username",
        "signatures",
        ["tenant_id", sa.literal_column("lower(username)"), sa.literal_column("signed_at DESC")],
    )
    _index_xact("signatures")


def _create_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        _moment("at"),
        sa.Column("upto", sa.BigInteger(), nullable=False, comment="transactions before this one are all covered"),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False, comment="of the Merkle tree over its rows"),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_checkpoints")),
        comment="append-only: a trigger refuses UPDATE, DELETE and TRUNCATE",
    )
    op.create_table(
        "checkpoint_rows",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="step, audit or signature"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("checkpoint", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="among the leaves of the tree, from 0"),
        sa.Column("xact", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="of the row that it stands for"),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "key", name=op.f("pk_checkpoint_rows")),
        comment="append-only: a trigger refuses UPDATE, DELETE and TRUNCATE",
    )
    op.create_index(
        "uq_checkpoint_rows_position", "checkpoint_rows", ["tenant_id", "checkpoint", "position"], unique=True
    )


def _xact() -> sa.Column[int]:
    default = sa.text("((pg_current_xact_id())::text)::bigint")
    return sa.Column(
        "xact", sa.BigInteger(), server_default=default, nullable=False, comment="transaction that wrote it"
    )


def _index_xact(table: str) -> None:
    op.create_index(f"ix_{table}_xact", table, ["xact"], postgresql_using="brin")


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _wall_off(table: str) -> None:
    own = "tenant_id = current_setting('app.tenant', true)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} TO jidoka_app USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY system ON {table} TO jidoka_system USING (true) WITH CHECK (true)")
