"""One migrated database for all store tests; each test keeps to a tenant of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.commit import commit_step
from activities.store.database import Database
from workflows.messages.instance import StepReceipt, StepRecord

Commit = Callable[..., Awaitable[StepReceipt]]


@pytest.fixture
def tenant() -> str:
    return f"t-{uuid4().hex[:10]}"


@pytest.fixture
def commit(database: Database) -> Commit:
    """Commits records one after the other; sql actions do nothing. Gives the last receipt."""

    async def nothing(connection: AsyncConnection, record: StepRecord, effect: dict[str, Any]) -> None:
        return None

    async def run(*records: StepRecord) -> StepReceipt:
        receipts = [await commit_step(database, record, nothing) for record in records]
        return receipts[-1]

    return run
