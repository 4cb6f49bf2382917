"""Human work opened by states, and who may take it.

`task_candidates` holds one row per open task and candidate: the inbox finds tasks by plain text equality, which
an index serves also under row-level security (array operators are not leakproof, so a GIN index would lie idle).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from activities.store.tables.base import metadata, moment, tenant_key, words

tasks = Table(
    "tasks",
    metadata,
    tenant_key(),
    Column("process", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("task", Text, primary_key=True, comment="task id within the instance"),
    Column("number", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    words("candidates"),
    Column("assignee", Text),
    Column("form", JSON),
    Column("priority", SmallInteger, nullable=False),
    moment("due_at", optional=True),
    Column("due_why", Text, comment="for people: how the due time came about"),
    moment("opened_at"),
    Column("opened_seq", BigInteger, nullable=False),
    moment("closed_at", optional=True),
    Column("closed_seq", BigInteger),
    Column("closed_by", Text),
)
_t = tasks.c
Index("ix_tasks_assignee", _t.tenant_id, _t.assignee, postgresql_where=_t.closed_at.is_(None))
Index(
    "ix_tasks_open",
    _t.tenant_id,
    _t.priority,
    _t.due_at,
    _t.opened_at,
    _t.entity_id,
    _t.task,
    postgresql_where=_t.closed_at.is_(None),
)
Index("ix_tasks_closed_by", _t.tenant_id, _t.closed_by, _t.closed_at.desc(), postgresql_where=_t.closed_at.is_not(None))

task_candidates = Table(
    "task_candidates",
    metadata,
    tenant_key(),
    Column("candidate", Text, primary_key=True, comment="role:x, group:x or user:x"),
    Column("process", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("task", Text, primary_key=True),
)
Index(
    "ix_task_candidates_task",
    task_candidates.c.tenant_id,
    task_candidates.c.process,
    task_candidates.c.entity_id,
    task_candidates.c.task,
)
