"""Open tasks as the machine would leave them in SQL, without a machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from activities.store.commit import commit_step
from tests.api.conftest import Plant
from tests.store.steps import new_id, opened, record, task


class Work:
    def __init__(self, plant: Plant) -> None:
        self.plant = plant

    async def open(self, process: str = "ncr_report", **fields: Any) -> int:
        async def nothing(*_: object) -> None:
            return None

        entity_id = new_id()
        made = record(
            self.plant.tenant,
            entity_id,
            number=fields.pop("number", f"NCR-{entity_id}"),
            effects=[opened("1", **fields)],
            tasks={"1": task("1", **fields)},
        )
        await commit_step(self.plant.database, replace(made, process=process), nothing)
        return entity_id
