"""Two processes of the tests, published over real servers, and the people who act in them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
from sqlalchemy import select

from activities.store.tables import steps
from tests.api.conftest import Plant

BOARD = """process: board
version: "1.0.0"
title: Board
start: {by: [anyone]}
data: {type: object, properties: {text: {type: string}}}
initial: review
states:
  review:
    task:
      title: "Review {number}"
      candidates: [role:qc_manager]
    transitions:
      approve: {to: closing, not_by: [creator]}
      reject: {to: rejected, require: [comment]}
  closing:
    task:
      title: "Close {number}"
      candidates: [role:qc_manager]
    transitions:
      close: {to: closed, not_by: [approve]}
  closed: {final: true}
  rejected: {final: true}
"""
WELD = """process: weld
version: "1.0.0"
title: Weld
start: {by: [anyone]}
initial: welding
states:
  welding:
    task:
      title: "Weld {number}"
      candidates: [role:technician]
      skills: [welding]
    transitions:
      finish: {to: done}
  done: {final: true}
"""

SEAL = """process: seal
version: "1.0.0"
title: Seal
start: {by: [anyone]}
initial: review
states:
  review:
    task:
      title: "Review {number}"
      candidates: [role:qc_manager]
    transitions:
      approve: {to: done, sign: {meaning: approved, level: S2}}
  done: {final: true}
"""


class Court:
    """Omar and Anna judge, Ben helps, Jane starts, root is admin; all over real servers."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.clients: dict[str, httpx.AsyncClient] = {}

    async def set_up(self) -> None:
        roles = {
            "omar": ("qc_manager",),
            "anna": ("qc_manager",),
            "ben": ("inspector",),
            "jane": ("qc_manager",),
            "root": ("admin",),
        }
        for username, held in roles.items():
            self.clients[username] = await self.plant.as_(*held, username=username)
        self.clients["boss"] = await self.plant.as_("plant_manager", username="boss")
        for yaml in (BOARD, WELD, SEAL):
            published = await self.clients["root"].post("/api/v1/definitions", json={"yaml": yaml})
            assert published.status_code == 201, published.text

    async def start(self, by: str = "jane", process: str = "board") -> int:
        answer = await self.clients[by].post(f"/api/v1/workflows/{process}", json={"data": {}})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def act(
        self,
        by: str,
        entity_id: int,
        act: str,
        body: Any = None,
        task: str = "1",
        process: str = "board",
        **headers: str,
    ) -> httpx.Response:
        path = f"/api/v1/tasks/{process}/{entity_id}/{task}/{act}"
        return await self.clients[by].post(path, json=body, headers=headers)

    async def complete(self, by: str, entity_id: int, transition: str, **more: Any) -> httpx.Response:
        task = more.pop("task", "1")
        process = more.pop("process", "board")
        return await self.act(by, entity_id, "complete", {"transition": transition, **more}, task, process)

    async def bulk(self, by: str, ids: list[int], action: str, process: str = "board", **more: Any) -> dict[str, Any]:
        items = [{"entity_type": process, "entity_id": entity_id, "task": "1"} for entity_id in ids]
        headers = more.pop("headers", None)
        answer = await self.clients[by].post(
            "/api/v1/tasks/bulk", json={"action": action, "items": items, **more}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def task(self, entity_id: int, task: str = "1") -> dict[str, Any]:
        return dict((await self.clients["root"].get(f"/api/v1/tasks/board/{entity_id}/{task}")).json())

    async def actor_of(self, entity_id: int, seq: int) -> dict[str, Any]:
        """As the step log has it."""
        async with self.plant.database.transaction(self.plant.tenant) as connection:
            query = select(steps.c.actor).where(steps.c.entity_id == entity_id, steps.c.seq == seq)
            return dict((await connection.execute(query)).scalar_one())

    async def stand_in(self, giver: str, taker: str, **more: Any) -> None:
        ends = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
        body = {"to": taker, "ends_at": ends, "reason": "Ill", **more}
        assert (await self.clients[giver].post("/api/v1/delegations", json=body)).status_code == 201
