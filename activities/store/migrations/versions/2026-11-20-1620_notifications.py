"""Notices to people, how they want to be told, and the queue of letters; incidents know whether anybody was told.

Creates empty tables. Adds columns without default to `incidents`, which costs nothing, and an index over the
incidents of which nobody was told, which are few after the first minute.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "notifications"
down_revision = "signatures_and_evidence"
branch_labels = None
depends_on = None

GRANTS = {
    # table: (jidoka_app, jidoka_system)
    "notifications": ("SELECT, INSERT, UPDATE", "SELECT"),
    "notification_preferences": ("SELECT, INSERT, UPDATE", "SELECT"),
    "mail_queue": ("SELECT, INSERT, UPDATE", "SELECT, DELETE"),
}
_URGENCY = "urgency in ('low', 'normal', 'critical')"


def upgrade() -> None:
    _create_notifications()
    _create_preferences()
    _create_mail_queue()
    for column in (_moment("alerted_at", optional=True), _moment("acknowledged_at", optional=True)):
        op.add_column("incidents", column)
    op.add_column("incidents", sa.Column("acknowledged_by", sa.Text(), nullable=True))
    op.create_index(
        "ix_incidents_unalerted",
        "incidents",
        ["tenant_id", "since"],
        postgresql_where=sa.text("alerted_at IS NULL AND resolved_at IS NULL"),
    )
    for table, (app, system) in GRANTS.items():
        op.execute(f"GRANT {app} ON {table} TO jidoka_app")
        op.execute(f"GRANT {system} ON {table} TO jidoka_system")
        _wall_off(table)


def downgrade() -> None:
    op.drop_index("ix_incidents_unalerted", table_name="incidents")
    for column in ("acknowledged_by", "acknowledged_at", "alerted_at"):
        op.drop_column("incidents", column)
    for table in reversed(GRANTS):
        op.drop_table(table)  # its policies and grants go with it


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the occasion; a repeat writes no second row"),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=True),
        sa.Column("entity_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True, comment="what it is about, where that is told only now and then"),
        _moment("created_at"),
        _moment("read_at", optional=True),
        _moment("digest_at", optional=True),
        sa.Column("letter", sa.BigInteger(), nullable=True, comment="the digest in mail_queue that carried it"),
        sa.CheckConstraint(_URGENCY, name=op.f("ck_notifications_urgency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("tenant_id", "key", "username", name=op.f("uq_notifications_tenant_id_key_username")),
    )
    newest: list[str | sa.TextClause | sa.ColumnElement[object]] = [
        "tenant_id",
        "username",
        sa.literal_column("id DESC"),
    ]
    unread_first = [*newest[:2], sa.text("(read_at IS NOT NULL)"), *newest[2:]]
    op.create_index("ix_notifications_person", "notifications", unread_first)
    op.create_index("ix_notifications_unread", "notifications", newest, postgresql_where=sa.text("read_at IS NULL"))
    op.create_index(
        "ix_notifications_digest",
        "notifications",
        ["tenant_id", "username", "digest_at"],
        postgresql_where=sa.text("digest_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notifications_topic",
        "notifications",
        ["tenant_id", "topic", "created_at"],
        postgresql_where=sa.text("topic IS NOT NULL"),
    )


def _create_preferences() -> None:
    ways = "in ('at_once', 'digest', 'in_app')"
    op.create_table(
        "notification_preferences",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "normal", sa.Text(), nullable=False, comment="how notices of normal urgency reach the person by mail"
        ),
        sa.Column(
            "low",
            sa.Text(),
            nullable=False,
            comment="the same of low urgency; critical ones are not a matter of choice",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("language in ('en', 'de')", name=op.f("ck_notification_preferences_language")),
        sa.CheckConstraint(f"normal {ways}", name=op.f("ck_notification_preferences_normal")),
        sa.CheckConstraint(f"low {ways}", name=op.f("ck_notification_preferences_low")),
        sa.PrimaryKeyConstraint("tenant_id", "username", name=op.f("pk_notification_preferences")),
    )


def _create_mail_queue() -> None:
    op.create_table(
        "mail_queue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the occasion; the Message-ID is made of it"),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("next_at", optional=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        _moment("sent_at", optional=True),
        _moment("failed_at", optional=True),
        sa.CheckConstraint(_URGENCY, name=op.f("ck_mail_queue_urgency")),
        sa.CheckConstraint(
            "num_nonnulls(next_at, sent_at, failed_at) = 1", name=op.f("ck_mail_queue_waits_or_is_settled")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_queue")),
        sa.UniqueConstraint("tenant_id", "key", "address", name=op.f("uq_mail_queue_tenant_id_key_address")),
    )
    op.create_index(
        "ix_mail_queue_due", "mail_queue", ["tenant_id", "next_at"], postgresql_where=sa.text("next_at IS NOT NULL")
    )
    op.create_index("ix_mail_queue_settled", "mail_queue", ["created_at"], postgresql_where=sa.text("next_at IS NULL"))


def _moment(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def _wall_off(table: str) -> None:
    own = "tenant_id = current_setting('app.tenant', true)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} TO jidoka_app USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY system ON {table} TO jidoka_system USING (true) WITH CHECK (true)")
