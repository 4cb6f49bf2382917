"""A tenant of its own for every test."""

from __future__ import annotations

import pytest

from activities.store.database import Database
from tests.effects import new_tenant


@pytest.fixture
async def tenant(database: Database) -> str:
    return await new_tenant(database)
