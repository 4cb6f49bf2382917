"""Records what the replay test replays: `python -m tests.machine.record_histories`.

Runs the whole product on a fresh data folder, drives the shipped processes over HTTP as people and systems would, and
keeps their Temporal histories and programs. Run it when a shipped process or the interpreter's behaviour has changed
on purpose, and keep the older files: running instances of every released build must go on replaying.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from activities.actions import catalogue
from activities.embedded.temporal import EmbeddedTemporal
from activities.services.definitions import shipped_folder
from activities.temporal import connect
from tests.plant import Plant
from tests.receiver import answer, receiving
from workflows.definition.compile import compile_file
from workflows.definition.folder import process_files
from workflows.messages.instance import workflow_id

HERE = Path(__file__).parent / "histories"
ENDED_WITHIN_S = 60


class Person:
    """A signed-in user of the plant."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def start(self, process: str, data: dict[str, Any]) -> dict[str, Any]:
        return await self._post(f"/api/v1/workflows/{process}", {"data": data})

    async def take(self, process: str, entity: int, code: str, **data: Any) -> dict[str, Any]:
        return await self._post(f"/api/v1/workflows/{process}/{entity}/transition/{code}", data)

    async def see(self, process: str, entity: int) -> dict[str, Any]:
        return self._checked(await self._client.get(f"/api/v1/workflows/{process}/{entity}"))

    async def find(self, process: str, number: str) -> int:
        """Waits until the instance with that number is there."""
        async with asyncio.timeout(ENDED_WITHIN_S):
            while True:
                found = self._checked(await self._client.get(f"/api/v1/workflows/{process}", params={"number": number}))
                if found["instances"]:
                    return int(found["instances"][0]["id"])
                await asyncio.sleep(0.1)

    async def until(self, process: str, entity: int, state: str) -> None:
        async with asyncio.timeout(ENDED_WITHIN_S):
            while (await self.see(process, entity))["state"] != state:
                await asyncio.sleep(0.1)

    async def listen(self, url: str, *events: str) -> None:
        await self._post("/api/v1/webhooks", {"url": url, "events": events})

    async def delivered(self, count: int) -> list[int]:
        """Waits for the end of so many webhook deliveries; their ids, oldest first."""
        async with asyncio.timeout(ENDED_WITHIN_S):
            while True:
                listed = self._checked(await self._client.get("/api/v1/workflows/webhook_delivery"))["instances"]
                if len(listed) >= count and all(item["state"] == "delivered" for item in listed):
                    return sorted(int(item["id"]) for item in listed)
                await asyncio.sleep(0.2)

    async def until_offered(self, process: str, entity: int, code: str) -> None:
        """Waits until this person may take the transition."""
        async with asyncio.timeout(ENDED_WITHIN_S):
            while True:
                offers = (await self.see(process, entity))["transitions"]
                if any(offer["code"] == code and offer["allowed"] for offer in offers):
                    return
                await asyncio.sleep(0.1)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._checked(await self._client.post(path, json=body))

    @staticmethod
    def _checked(response: httpx.Response) -> dict[str, Any]:
        if response.is_error:
            raise RuntimeError(f"{response.request.url}: {response.status_code} {response.text}")
        found: dict[str, Any] = response.json()
        return found


async def ncr_to_closure(people: dict[str, Person]) -> list[tuple[str, int]]:
    """A major report from crack to closure, sent back once by the one who verifies."""
    report = await people["inspector"].start(
        "ncr_report", {"severity": "major", "description": "Cracks found on welded joint", "source": "in_process"}
    )
    entity = report["id"]
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("qc_manager", "accept", {"comment": "seen"}),
        ("qc_manager", "approve", {"comment": "approved for disposition", "disposition": "rework"}),
        ("plant_manager", "assign", {"assignee": "supervisor"}),
        ("supervisor", "resolve", {"comment": "welded again"}),
        ("inspector", "verify", {"passed": False, "comment": "still cracked"}),
        ("supervisor", "resolve", {"comment": "replaced"}),
        ("inspector", "verify", {"passed": True}),
        ("qc_manager", "close", {}),
    ]
    for who, code, data in steps:
        await people[who].take("ncr_report", entity, code, **data)
    return [("ncr_report", entity)]


async def order_with_operations(people: dict[str, Person]) -> list[tuple[str, int]]:
    """An order with two operations, held and resumed in between, until the ERP system has it back."""
    order = await people["supervisor"].start(
        "order",
        {
            "productIdentifier": "WIDGET-A-001",
            "quantity": 10,
            "operations": [
                {"operationNumber": 10, "operationName": "Assembly"},
                {"operationNumber": 20, "operationName": "Inspection"},
            ],
        },
    )
    entity, number = order["id"], order["number"]
    first, second = [await people["operator"].find("work_order_operation", f"{number}-{n}") for n in (10, 20)]
    await people["supervisor"].take("order", entity, "release", lineCode="L1")
    await people["operator"].until("work_order_operation", first, "pending")
    await people["operator"].take("work_order_operation", first, "start")
    await people["supervisor"].until("order", entity, "in_progress")
    await people["operator"].take("work_order_operation", first, "pause", pauseReasonId="BREAK")
    await people["operator"].take("work_order_operation", first, "resume")
    await people["operator"].take("work_order_operation", first, "complete", quantityCompleted=10)
    await people["operator"].until("work_order_operation", second, "pending")
    await people["supervisor"].take("order", entity, "hold", comment="no paint")
    await people["supervisor"].take("order", entity, "resume")
    await people["operator"].until_offered("work_order_operation", second, "start")
    await people["operator"].take("work_order_operation", second, "start")
    await people["operator"].take("work_order_operation", second, "complete", quantityCompleted=10)
    await people["supervisor"].until("order", entity, "completed")
    await people["supervisor"].take("order", entity, "close")
    return [("order", entity), ("work_order_operation", first)]


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="jidoka-record-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        async with receiving() as receiver, Plant(data, JIDOKA_ALLOWED_PRIVATE_NETWORKS="127.0.0.0/8") as plant:
            receiver.script.append(answer(503))
            names = ("admin", "inspector", "qc_manager", "plant_manager", "supervisor", "operator")
            people = {name: Person(await plant.log_in(name)) for name in names}
            await people["admin"].listen(receiver.url, "ncr.submitted", "order.created")
            recorded = await ncr_to_closure(people) + await order_with_operations(people)
            refused_once, taken_at_once, *_ = await people["admin"].delivered(2)
            recorded += [("webhook_delivery", refused_once), ("webhook_delivery", taken_at_once)]
            await keep(data, recorded)


async def keep(data: Path, recorded: list[tuple[str, int]]) -> None:
    address = EmbeddedTemporal.last_address(data / "temporal")
    assert address is not None
    client = await connect(address)
    (HERE / "programs").mkdir(parents=True, exist_ok=True)
    for file in process_files(shipped_folder()):
        compilation = compile_file(file, catalogue())
        assert compilation.program is not None, [str(item) for item in compilation.diagnostics]
        target = HERE / "programs" / f"{compilation.program.digest}.json"
        target.write_bytes(compilation.program.canonical())
    for process, entity in recorded:
        handle = client.get_workflow_handle(workflow_id("demo", process, entity))
        history = await handle.fetch_history()
        count = len(list(HERE.glob(f"{process}-*.json"))) + 1
        (HERE / f"{process}-{count}.json").write_text(history.to_json())
        sys.stdout.write(f"{process} {entity}: {len(history.events)} events\n")


if __name__ == "__main__":
    asyncio.run(main())
