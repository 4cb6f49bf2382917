"""What the tests of the commands start from."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from activities.store.database import Database
from tests.cli.door import CHART, DOOR, file
from tests.effects import new_tenant


@pytest.fixture
async def tenant(database: Database) -> str:
    return await new_tenant(database)


@pytest.fixture
def fresh_key() -> str:
    """A key no tenant has."""
    return f"k{uuid4().hex[:10]}"


@pytest.fixture
def door(tmp_path: Path) -> Path:
    return file(tmp_path, "door.yaml", DOOR)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return file(tmp_path, "chart.scxml", CHART)
