"""What people are told: notices in the application, how each person wants to be told, and letters on their way out.

A notice is written with the letters that go with it, in one transaction; what has been told is not told again because
`key` names the occasion. `mail_queue` is the only way a letter leaves the house, so a mail server that is away delays
letters and loses none.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text, UniqueConstraint, text

from activities.store.tables.base import identity, metadata, moment, tenant, tenant_key

_URGENCY = "urgency in ('low', 'normal', 'critical')"

notifications = Table(
    "notifications",
    metadata,
    identity(),
    tenant(),
    Column("key", Text, nullable=False, comment="the occasion; a repeat writes no second row"),
    Column("username", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("process", Text),
    Column("entity_id", BigInteger),
    Column("number", Text),
    Column("topic", Text, comment="what it is about, where that is told only now and then"),
    moment("created_at"),
    moment("read_at", optional=True),
    moment("digest_at", optional=True),
    Column("letter", BigInteger, comment="the digest in mail_queue that carried it"),
    CheckConstraint(_URGENCY, name="urgency"),
    UniqueConstraint("tenant_id", "key", "username"),
)
_n = notifications.c
Index("ix_notifications_person", _n.tenant_id, _n.username, _n.read_at.is_not(None), _n.id.desc())
Index("ix_notifications_unread", _n.tenant_id, _n.username, _n.id.desc(), postgresql_where=_n.read_at.is_(None))
Index(
    "ix_notifications_digest",
    _n.tenant_id,
    _n.username,
    _n.digest_at,
    postgresql_where=_n.digest_at.is_not(None),
)
Index("ix_notifications_topic", _n.tenant_id, _n.topic, _n.created_at, postgresql_where=_n.topic.is_not(None))

notification_preferences = Table(
    "notification_preferences",
    metadata,
    tenant_key(),
    Column("username", Text, primary_key=True),
    Column("language", Text, nullable=False),
    Column("normal", Text, nullable=False, comment="how notices of normal urgency reach the person by mail"),
    Column("low", Text, nullable=False, comment="the same of low urgency; critical ones are not a matter of choice"),
    moment("updated_at", now=True),
    CheckConstraint("language in ('en', 'de')", name="language"),
    CheckConstraint("normal in ('at_once', 'digest', 'in_app')", name="normal"),
    CheckConstraint("low in ('at_once', 'digest', 'in_app')", name="low"),
)

mail_queue = Table(
    "mail_queue",
    metadata,
    identity(),
    tenant(),
    Column("key", Text, nullable=False, comment="the occasion; the Message-ID is made of it"),
    Column("address", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    moment("created_at"),
    moment("next_at", optional=True),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    moment("sent_at", optional=True),
    moment("failed_at", optional=True),
    CheckConstraint(_URGENCY, name="urgency"),
    CheckConstraint("num_nonnulls(next_at, sent_at, failed_at) = 1", name="waits_or_is_settled"),
    UniqueConstraint("tenant_id", "key", "address"),
)
_m = mail_queue.c
Index("ix_mail_queue_due", _m.tenant_id, _m.next_at, postgresql_where=_m.next_at.is_not(None))
Index("ix_mail_queue_settled", _m.created_at, postgresql_where=_m.next_at.is_(None))
