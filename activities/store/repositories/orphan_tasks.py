"""Open tasks that nobody can do: no active person answers to the assignee or to any of the candidates."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Orphan:
    tenant: str
    process: str
    entity_id: int
    number: str
    task: str
    title: str
    words: list[str]
    """Whom it waits for: `user:x`, `role:x`, `group:x`."""

    @property
    def key(self) -> str:
        """The occasion: told once for each task and whoever it waits for."""
        return f"nobody/{self.process}/{self.entity_id}/{self.task}/{','.join(self.words)}"


_ORPHANS = text("""
WITH held AS (
    SELECT DISTINCT w.tenant_id, w.candidate
    FROM (SELECT DISTINCT tenant_id, candidate FROM task_candidates) w
    JOIN users u ON u.tenant_id = w.tenant_id AND u.active
    WHERE w.candidate = 'user:' || u.username
        OR w.candidate IN (SELECT 'role:' || role FROM unnest(u.roles) AS role)
        OR w.candidate IN (SELECT 'group:' || name FROM unnest(u.groups) AS name)
)
SELECT t.tenant_id, t.process, t.entity_id, t.number, t.task, t.title,
    CASE WHEN t.assignee IS NULL THEN t.candidates ELSE ARRAY['user:' || t.assignee] END AS words
FROM tasks t
WHERE t.closed_at IS NULL
    AND CASE WHEN t.assignee IS NULL THEN NOT EXISTS (
            SELECT 1 FROM task_candidates c JOIN held h ON h.tenant_id = c.tenant_id AND h.candidate = c.candidate
            WHERE c.tenant_id = t.tenant_id AND c.process = t.process AND c.entity_id = t.entity_id AND c.task = t.task)
        ELSE NOT EXISTS (
            SELECT 1 FROM users u
            WHERE u.tenant_id = t.tenant_id AND u.active AND lower(u.username) = lower(t.assignee)) END
    AND NOT EXISTS (
        SELECT 1 FROM notifications n
        WHERE n.tenant_id = t.tenant_id AND n.key = 'nobody/' || t.process || '/' || t.entity_id || '/' || t.task || '/'
            || array_to_string(CASE WHEN t.assignee IS NULL THEN t.candidates
                ELSE ARRAY['user:' || t.assignee] END, ','))
ORDER BY t.tenant_id, t.process, t.entity_id, t.task
LIMIT :most
""")


async def untold(connection: AsyncConnection, most: int) -> list[Orphan]:
    """Those of all tenants that no admin was told of yet. Needs the system role."""
    rows = await connection.execute(_ORPHANS, {"most": most})
    return [
        Orphan(row.tenant_id, row.process, row.entity_id, row.number, row.task, row.title, list(row.words))
        for row in rows
    ]
