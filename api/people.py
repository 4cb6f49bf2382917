"""Who an instance waits for, in the words of every contract that says so."""

from __future__ import annotations

from typing import Any

from activities.services.accounts import Accounts
from workflows.engine.permissions import in_words


async def assignee(accounts: Accounts, tenant: str, task: dict[str, Any] | None) -> dict[str, Any] | None:
    """Who is waited for: a person, or a role in words with the id of its only holder."""
    if task is None:
        return None
    holder = await accounts.holder(tenant, task["assignee"], task["candidates"])
    if task["assignee"] is not None:
        return {"id": holder.id if holder else None, "name": holder.name if holder else task["assignee"]}
    names = [in_words(candidate.partition(":")[2]) for candidate in task["candidates"]]
    return {"id": holder.id if holder else None, "name": " or ".join(names)} if names else None
