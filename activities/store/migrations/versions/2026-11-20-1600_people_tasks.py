"""Comments, files, watching and drafts at tasks; delegations, absences and certificates of people.

Creates empty tables. A column without default and an index are added to `tasks`, and an index to `users`: the column
costs nothing, an index locks its table against writes for as long as it is built, seconds per million rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "people_tasks"
down_revision = "roles_and_row_security"
branch_labels = None
depends_on = None

APPEND = "SELECT, INSERT"
KEEP = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"
READ = "SELECT"

GRANTS = {
    # table: (jidoka_app, jidoka_system)
    "task_comments": (APPEND, READ),
    "attachments": (KEEP, READ),
    "task_watchers": (ALL, READ),
    "task_drafts": (ALL, "SELECT, DELETE"),
    "delegations": (KEEP, READ),
    "absences": (KEEP, READ),
    "certificates": (KEEP, READ),
}


def upgrade() -> None:
    op.add_column(
        "tasks",
        sa.Column("due_why", sa.Text(), nullable=True, comment="for people: how the due time came about"),
    )
    op.create_index(
        "ix_tasks_closed_by",
        "tasks",
        ["tenant_id", "closed_by", sa.literal_column("closed_at DESC")],
        unique=False,
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index("ix_users_exact", "users", ["tenant_id", "username"])
    _create_collaboration()
    _create_standing()
    for table, (app, system) in GRANTS.items():
        op.execute(f"GRANT {app} ON {table} TO jidoka_app")
        op.execute(f"GRANT {system} ON {table} TO jidoka_system")
        _wall_off(table)


def downgrade() -> None:
    for table in reversed(GRANTS):
        op.drop_table(table)  # its policies and grants go with it
    op.drop_index("ix_users_exact", table_name="users")
    op.drop_index("ix_tasks_closed_by", table_name="tasks")
    op.drop_column("tasks", "due_why")


def _create_collaboration() -> None:
    op.create_table(
        "task_comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True, comment="null: about the instance as a whole"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="of the writer, as it was then"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_comments")),
    )
    op.create_index("ix_task_comments_entity", "task_comments", ["tenant_id", "process", "entity_id", "id"])
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True, comment="null: belongs to the instance as a whole"),
        sa.Column("name", sa.Text(), nullable=False, comment="file name for people; never a path"),
        sa.Column("media_type", sa.Text(), nullable=False, comment="found in the content, not believed"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the content, hexadecimal"),
        sa.Column("storage_key", sa.Text(), nullable=False, comment="where the store of files has the content"),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        _now("uploaded_at"),
        _moment("voided_at", optional=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(voided_at is null) = (void_reason is null)", name=op.f("ck_attachments_void_has_a_reason")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index("ix_attachments_entity", "attachments", ["tenant_id", "process", "entity_id", "id"])
    op.create_table(
        "task_watchers",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False, comment="self, mention, or added by somebody"),
        _now("since"),
        sa.PrimaryKeyConstraint("tenant_id", "process", "entity_id", "username", name=op.f("pk_task_watchers")),
    )
    op.create_index("ix_task_watchers_username", "task_watchers", ["tenant_id", "username"])
    op.create_table(
        "task_drafts",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("transition", sa.Text(), nullable=True, comment="what the form is meant for; null: not chosen yet"),
        sa.Column("data", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        _now("saved_at"),
        sa.PrimaryKeyConstraint("tenant_id", "process", "entity_id", "task", "username", name=op.f("pk_task_drafts")),
    )


def _create_standing() -> None:
    op.create_table(
        "delegations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("from_username", sa.Text(), nullable=False),
        sa.Column("to_username", sa.Text(), nullable=False),
        _moment("starts_at"),
        _moment("ends_at"),
        sa.Column("process", sa.Text(), nullable=True, comment="null: all processes"),
        sa.Column("role", sa.Text(), nullable=True, comment="null: all roles of the person"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _now("created_at"),
        _moment("revoked_at", optional=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_delegations_ends_after_it_starts")),
        sa.CheckConstraint("lower(from_username) <> lower(to_username)", name=op.f("ck_delegations_to_another")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    _in_force("ix_delegations_to", "delegations", "to_username")
    _by_name("ix_delegations_from", "delegations", "from_username")
    op.create_table(
        "absences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column(
            "substitute",
            sa.Text(),
            nullable=True,
            comment="acts with all rights of the person meanwhile; null: nobody",
        ),
        _moment("starts_at"),
        _moment("ends_at"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _now("created_at"),
        _moment("revoked_at", optional=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_absences_ends_after_it_starts")),
        sa.CheckConstraint("lower(username) <> lower(substitute)", name=op.f("ck_absences_by_another")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    _in_force("ix_absences_substitute", "absences", "substitute")
    _by_name("ix_absences_username", "absences", "username")
    op.create_table(
        "certificates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=False),
        _moment("valid_from"),
        _moment("valid_until", optional=True),
        sa.Column("certificate", sa.Text(), nullable=True, comment="number of the paper"),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        _now("recorded_at"),
        _moment("revoked_at", optional=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_certificates_ends_after_it_starts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    op.create_index(
        "ix_certificates_username",
        "certificates",
        ["tenant_id", "username", "skill", "valid_until"],
    )


def _in_force(name: str, table: str, column: str) -> None:
    op.create_index(
        name,
        table,
        ["tenant_id", column, "ends_at"],
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def _by_name(name: str, table: str, column: str) -> None:
    op.create_index(name, table, ["tenant_id", column, "ends_at"])


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _moment(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def _wall_off(table: str) -> None:
    own = "tenant_id = current_setting('app.tenant', true)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} TO jidoka_app USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY system ON {table} TO jidoka_system USING (true) WITH CHECK (true)")
