"""Definitions, programs, instances with their step log and incidents, and tasks.

Creates empty tables: no locks that matter, no data moved.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "definitions_and_instances"
down_revision = "tenants_and_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("entity_ids", data_type=sa.BigInteger)))
    op.create_table(
        "programs",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of `canonical`"),
        sa.Column(
            "canonical",
            sa.LargeBinary(),
            nullable=False,
            comment="canonical JSON; shared by tenants, never changed",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_programs")),
    )
    op.create_table(
        "definitions",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="semantic version"),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="the YAML as written"),
        sa.Column(
            "files",
            postgresql.JSON(astext_type=sa.Text()),
            nullable=False,
            comment="schemas and forms the YAML names, path -> text",
        ),
        sa.Column("changelog", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.CheckConstraint("status in ('draft', 'published', 'deprecated')", name=op.f("ck_definitions_status")),
        sa.ForeignKeyConstraint(["digest"], ["programs.digest"], name=op.f("fk_definitions_digest")),
        sa.PrimaryKeyConstraint("tenant_id", "process", "version", name=op.f("pk_definitions")),
    )
    op.create_index("ix_definitions_tenant_id_digest", "definitions", ["tenant_id", "digest"], unique=False)
    op.create_table(
        "instances",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(collation="C"), sa.Computed("lower(number)", persisted=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column(
            "version",
            sa.Text(),
            nullable=True,
            comment="of the definition; null when it is not published here",
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="sorted atomic state ids joined with a comma"),
        sa.Column("states", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "snapshot",
            postgresql.JSON(astext_type=sa.Text()),
            nullable=False,
            comment="exact text; its hash is in the last step",
        ),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("chain_head", sa.Text(), nullable=False, comment="hash of the last step"),
        sa.Column(
            "events",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="domain events so far",
        ),
        sa.Column("open_incidents", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True, comment="of the task opened last that has one"),
        sa.Column("creator", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("parent_process", sa.Text(), nullable=True),
        sa.Column("parent_entity_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_child", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_timer_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status in ('running', 'done', 'cancelled')", name=op.f("ck_instances_status")),
        sa.PrimaryKeyConstraint("tenant_id", "process", "entity_id", name=op.f("pk_instances")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(
        "ix_instances_all_created",
        "instances",
        ["tenant_id", sa.literal_column("created_at DESC"), sa.literal_column("entity_id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_instances_created",
        "instances",
        ["tenant_id", "process", sa.literal_column("created_at DESC"), sa.literal_column("entity_id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_instances_digest",
        "instances",
        ["tenant_id", "digest"],
        unique=False,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index("ix_instances_number_key", "instances", ["tenant_id", "process", "number_key"], unique=False)
    op.create_index(
        "ix_instances_parent",
        "instances",
        ["tenant_id", "parent_process", "parent_entity_id"],
        unique=False,
        postgresql_where=sa.text("parent_entity_id IS NOT NULL"),
    )
    op.create_index(
        "ix_instances_running",
        "instances",
        ["tenant_id", "process", sa.literal_column("created_at DESC"), sa.literal_column("entity_id DESC")],
        unique=False,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index(
        "ix_instances_state",
        "instances",
        [
            "tenant_id",
            "process",
            "state",
            sa.literal_column("created_at DESC"),
            sa.literal_column("entity_id DESC"),
        ],
        unique=False,
    )
    op.create_index("uq_instances_number", "instances", ["tenant_id", "process", "number"], unique=True)
    op.create_table(
        "steps",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("taken", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("before", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("after", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="of the instance after the step"),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("actor", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "changes",
            postgresql.JSON(astext_type=sa.Text()),
            nullable=False,
            comment='field path -> {"old", "new"}',
        ),
        sa.Column("effects", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("snapshot_hash", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "process", "entity_id", "seq", name=op.f("pk_steps")),
        comment="append-only: a trigger refuses UPDATE, DELETE and TRUNCATE",
    )
    op.create_index("uq_steps_command", "steps", ["tenant_id", "process", "entity_id", "command_id"], unique=True)
    op.create_index("ix_steps_at", "steps", ["tenant_id", sa.literal_column("at DESC")], unique=False)
    op.create_index(
        "ix_steps_username_at", "steps", ["tenant_id", "username", sa.literal_column("at DESC")], unique=False
    )
    op.create_table(
        "incidents",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("error", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("event", postgresql.JSON(astext_type=sa.Text()), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_seq", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_seq", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column(
            "resolution",
            sa.Text(),
            nullable=True,
            comment="retry, skip, patch, move, or the event that ended it",
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "process", "entity_id", "incident", name=op.f("pk_incidents")),
    )
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["tenant_id", sa.literal_column("since DESC")],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index("ix_incidents_since", "incidents", ["tenant_id", sa.literal_column("since DESC")], unique=False)
    op.create_table(
        "effect_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False, comment="effect id within the instance"),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("error", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effect_attempts")),
    )
    op.create_index(
        "ix_effect_attempts_entity",
        "effect_attempts",
        ["tenant_id", "process", "entity_id", sa.literal_column("at DESC")],
        unique=False,
    )
    op.create_table(
        "tasks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("task", sa.Text(), nullable=False, comment="task id within the instance"),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("candidates", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("form", postgresql.JSON(astext_type=sa.Text()), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_seq", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_seq", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "process", "entity_id", "task", name=op.f("pk_tasks")),
    )
    op.create_index(
        "ix_tasks_assignee",
        "tasks",
        ["tenant_id", "assignee"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["tenant_id", "priority", "due_at", "opened_at", "entity_id", "task"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "task_candidates",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("candidate", sa.Text(), nullable=False, comment="role:x, group:x or user:x"),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "candidate", "process", "entity_id", "task", name=op.f("pk_task_candidates")
        ),
    )
    op.create_index(
        "ix_task_candidates_task",
        "task_candidates",
        ["tenant_id", "process", "entity_id", "task"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("task_candidates")
    op.drop_table("tasks")
    op.drop_table("effect_attempts")
    op.drop_table("incidents")
    op.drop_table("steps")
    op.drop_table("instances")
    op.drop_table("definitions")
    op.drop_table("programs")
    op.execute(sa.schema.DropSequence(sa.Sequence("entity_ids")))
