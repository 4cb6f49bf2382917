"""Tenants of the commands' tests."""

from __future__ import annotations

from uuid import uuid4

import pytest

from activities.store.database import Database
from tests.effects import new_tenant


@pytest.fixture
async def tenant(database: Database) -> str:
    return await new_tenant(database)


@pytest.fixture
def fresh_key() -> str:
    """A key no tenant has."""
    return f"k{uuid4().hex[:10]}"
