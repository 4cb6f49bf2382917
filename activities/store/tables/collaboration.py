"""What people leave at an instance beside its steps: comments, files, watching, unfinished forms.

None of it moves the instance, so none of it is in the step log; the audit trail names who did it. Comments and
files are never deleted; drafts and watching are the person's own and may go.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from activities.store.tables.base import identity, metadata, moment, tenant, tenant_key, words

task_comments = Table(
    "task_comments",
    metadata,
    identity(),
    tenant(),
    Column("process", Text, nullable=False),
    Column("entity_id", BigInteger, nullable=False),
    Column("task", Text, comment="null: about the instance as a whole"),
    Column("text", Text, nullable=False),
    words("mentions"),
    Column("username", Text, nullable=False),
    Column("name", Text, nullable=False, comment="of the writer, as it was then"),
    moment("created_at", now=True),
)
_c = task_comments.c
Index("ix_task_comments_entity", _c.tenant_id, _c.process, _c.entity_id, _c.id)

attachments = Table(
    "attachments",
    metadata,
    identity(),
    tenant(),
    Column("process", Text, nullable=False),
    Column("entity_id", BigInteger, nullable=False),
    Column("task", Text, comment="null: belongs to the instance as a whole"),
    Column("name", Text, nullable=False, comment="file name for people; never a path"),
    Column("media_type", Text, nullable=False, comment="found in the content, not believed"),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False, comment="of the content, hexadecimal"),
    Column("storage_key", Text, nullable=False, comment="where the store of files has the content"),
    Column("uploaded_by", Text, nullable=False),
    moment("uploaded_at", now=True),
    moment("voided_at", optional=True),
    Column("voided_by", Text),
    Column("void_reason", Text),
    CheckConstraint("(voided_at is null) = (void_reason is null)", name="void_has_a_reason"),
)
_a = attachments.c
Index("ix_attachments_entity", _a.tenant_id, _a.process, _a.entity_id, _a.id)

task_watchers = Table(
    "task_watchers",
    metadata,
    tenant_key(),
    Column("process", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("username", Text, primary_key=True),
    Column("because", Text, nullable=False, comment="self, mention, or added by somebody"),
    moment("since", now=True),
)
Index("ix_task_watchers_username", task_watchers.c.tenant_id, task_watchers.c.username)

task_drafts = Table(
    "task_drafts",
    metadata,
    tenant_key(),
    Column("process", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("task", Text, primary_key=True),
    Column("username", Text, primary_key=True),
    Column("transition", Text, comment="what the form is meant for; null: not chosen yet"),
    Column("data", JSON, nullable=False),
    moment("saved_at", now=True),
)
