"""A process of the tests, as unison-erp.md §6.4 shows one, and the people around it."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import func, select

from activities.store.tables import steps
from tests.api.conftest import Plant

REPORT = """process: report
version: "1.0.0"
title: Report
number: "REP-{yyyy}-{seq:3}"
start:
  by: [role:inspector]
data:
  type: object
  required: [severity]
  properties:
    severity: {enum: [minor, major]}
    text: {type: string, maxLength: 2000}
    disposition: {type: string}
initial: submitted
states:
  submitted:
    task:
      title: "Review {number}"
      candidates: [role:qc_manager]
      due: P1D
      priority: 2
    transitions:
      approve:
        - {when: 'data.severity == "minor"', to: approved, else: TOO_SEVERE}
      reject: {to: rejected, require: [comment]}
      dispose:
        form:
          type: object
          required: [disposition]
          properties:
            disposition: {enum: [scrap, rework]}
            comment: {type: string}
        set: {disposition: event.disposition}
      withdraw: {to: rejected, by: [creator]}
  approved:
    task:
      title: "Close {number}"
      candidates: [role:plant_manager]
    transitions:
      close: {to: closed}
  rejected: {final: true}
  closed: {final: true}
"""
WORKFLOWS = "/api/v1/workflows"


class Report:
    """One published process, and the people around it."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant

    async def set_up(self) -> None:
        published = await (await self.plant.as_("admin")).post("/api/v1/definitions", json={"yaml": REPORT})
        assert published.status_code == 201, published.text
        self.inspector = await self.plant.as_("inspector", name="Jane Inspector")
        self.qc_id = await self.plant.person("qc_manager", name="QC Manager")
        self.qc_manager = self.plant.with_credential(await self.plant.token(self.qc_id))
        self.manager_id = await self.plant.person("plant_manager", name="Plant Manager")
        self.plant_manager = self.plant.with_credential(await self.plant.token(self.manager_id))

    async def started(self, severity: str = "minor", **more: Any) -> dict[str, Any]:
        answer = await self.inspector.post(f"{WORKFLOWS}/report", json={"data": {"severity": severity}, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def take(
        self, client: httpx.AsyncClient, entity_id: object, code: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        return await client.post(
            f"{WORKFLOWS}/report/{entity_id}/transition/{code}", json=body, headers=headers or None
        )

    async def steps(self, entity_id: int) -> int:
        async with self.plant.database.transaction(self.plant.tenant) as connection:
            query = select(func.count()).select_from(steps).where(steps.c.entity_id == entity_id)
            return int((await connection.execute(query)).scalar_one())
