"""Records what the replay test replays: `python -m tests.machine.record_histories`.

Runs the whole product on a fresh data folder, drives the shipped processes over HTTP as people and systems would, and
keeps their Temporal histories and programs. Run it when a shipped process or the interpreter's behaviour has changed
on purpose, and keep the older files: running instances of every released build must go on replaying.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from activities.actions import catalogue
from activities.embedded.temporal import EmbeddedTemporal
from activities.services.definitions import shipped_folder
from activities.temporal import connect
from tests.plant import DEMO_PASSWORD, Plant
from tests.receiver import answer, receiving
from workflows.definition.compile import compile_file
from workflows.definition.folder import process_files
from workflows.messages.instance import workflow_id

HERE = Path(__file__).parent / "histories"
ENDED_WITHIN_S = 60


class Person:
    """A signed-in user of the plant."""

    def __init__(self, username: str, client: httpx.AsyncClient) -> None:
        self._username = username
        self._client = client

    async def start(self, process: str, data: dict[str, Any]) -> dict[str, Any]:
        return await self._post(f"/api/v1/workflows/{process}", {"data": data})

    async def take(self, process: str, entity: int, code: str, **data: Any) -> dict[str, Any]:
        if "signature" in data:
            data["signature"] = data["signature"] | {"username": self._username}
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
    """A major report from crack to closure: vetoed once, granted then, the cause found beside, sent back once."""
    report = await people["inspector"].start(
        "ncr_report", {"severity": "major", "description": "Cracks found on welded joint", "source": "in_process"}
    )
    entity = report["id"]
    assign = {"assignee": "supervisor", "disposition": "repair", "root_cause_required": True}
    cause = {
        "method": "five_why",
        "cause_of_occurrence": "The gas flow was set too low",
        "cause_of_escape": "The seam is not checked before painting",
    }
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("inspector", "contain", {"held_at": "Cage 4"}),
        ("qc_manager", "accept", {"comment": "seen"}),
        ("qc_manager", "approve", {"comment": "approved for disposition"}),
        ("plant_manager", "assign", assign),
        ("quality_manager", "grant", {"comment": "good enough for indoors"} | signed("approved")),
        ("design_authority", "refuse", {"comment": "not on a loaded part"} | signed("rejected")),
        ("plant_manager", "assign", assign),
        ("design_authority", "grant", {"comment": "with a second seam"} | signed("approved")),
        ("engineer", "refuse", {"comment": "ugly all the same"} | signed("rejected")),
        ("quality_manager", "grant", {"comment": "with a second seam"} | signed("approved")),
        ("supervisor", "resolve", {"comment": "welded again"}),
        ("engineer", "explain", cause),
        ("inspector", "verify", {"passed": False, "comment": "still cracked"}),
        ("supervisor", "resolve", {"comment": "replaced"}),
        ("inspector", "verify", {"passed": True} | signed("verified")),
        ("qc_manager", "close", {}),
    ]
    for who, code, data in steps:
        await people[who].take("ncr_report", entity, code, **data)
    return [("ncr_report", entity)]


async def board_and_capa(people: dict[str, Person]) -> list[tuple[str, int]]:
    """A critical report that the board decides on and that starts a CAPA, which works in its second cycle."""
    report = await people["inspector"].start(
        "ncr_report", {"severity": "critical", "description": "Brake disc without heat treatment"}
    )
    entity, number = report["id"], report["number"]
    await people["plant_manager"].take("ncr_report", entity, "approve")
    await people["qc_manager"].take("ncr_report", entity, "refer", comment="who pays for it?")
    board = await people["qc_manager"].find("mrb", f"MRB-{number}-1")
    await people["qc_manager"].take("mrb", board, "submit", proposal="scrap", justification="soft all through")
    for member in ("quality_manager", "engineer", "supervisor"):
        await people[member].take("mrb", board, "agree", comment="agreed", **signed("approved"))
    await people["plant_manager"].until("ncr_report", entity, "approved")
    await people["supervisor"].take("mrb", board, "execute", comment="40 discs scrapped")
    await people["quality_manager"].take("mrb", board, "close", **signed("verified"))
    await people["plant_manager"].take("ncr_report", entity, "assign", assignee="supervisor")
    capa = await people["quality_manager"].find("capa", f"CAPA-{number}")
    await people["supervisor"].take("ncr_report", entity, "resolve", comment="scrapped")
    await people["inspector"].take("ncr_report", entity, "verify", **signed("verified"))
    await capa_to_closure(people, capa)
    await people["qc_manager"].until_offered("ncr_report", entity, "close")
    await people["qc_manager"].take("ncr_report", entity, "close")
    return [("ncr_report", entity), ("mrb", board), ("capa", capa)]


async def capa_to_closure(people: dict[str, Person], capa: int) -> None:
    team = {"team_leader": "engineer", "containment_effective": True, "containment_proof": "all in cage 4"}
    await people["quality_manager"].take("capa", capa, "form_team", **team)
    for effective in (False, True):
        await _capa_cycle(people, capa)
        for lot in ("L-1", "L-2", "L-3"):
            await people["inspector"].take("capa", capa, "pass_lot", lot=lot)
        code, meaning = ("confirm", "verified") if effective else ("repeat", "rejected")
        await people["quality_manager"].take("capa", capa, code, result="measured", **signed(meaning))


async def _capa_cycle(people: dict[str, Person], capa: int) -> None:
    causes = ("cause_of_occurrence", "cause_of_escape", "cause_in_system", "proof")
    actions = [
        {"id": "A1", "type": "corrective", "description": "interlock", "owner": "engineer", "due": "2027-01-31"},
        {"id": "A2", "type": "preventive", "description": "gauge", "owner": "engineer", "due": "2027-01-31"},
    ]
    plan = {"actions": actions, "criterion": "none in three lots", "risk_of_change": "none known"}
    transfer = dict.fromkeys(("fmea", "control_plan", "instruction", "training"), "not_applicable")
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("engineer", "explain", {"method": "five_why", "nature": "process"} | dict.fromkeys(causes, "as measured")),
        ("engineer", "propose", plan),
        ("quality_manager", "approve_plan", signed("approved")),
        ("engineer", "begin", {}),
        ("engineer", "report_action", {"action": "A1", "proof": "tested in March"}),
        ("quality_manager", "replace_action", {"action": "A2", "proof": "an inline gauge does it"}),
        ("engineer", "complete", {}),
        ("inspector", "verify", transfer | {"read_across": "line 2 too"} | signed("verified")),
    ]
    for who, code, data in steps:
        await people[who].take("capa", capa, code, **data)


def signed(meaning: str) -> dict[str, Any]:
    """The signature in the body of a transition; the user name is added by the person."""
    return {"signature": {"password": DEMO_PASSWORD, "meaning": meaning}}


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


PEOPLE = (
    "admin",
    "inspector",
    "qc_manager",
    "quality_manager",
    "engineer",
    "design_authority",
    "plant_manager",
    "supervisor",
    "operator",
)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="jidoka-record-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        async with (
            receiving() as receiver,
            Plant(data, JIDOKA_ALLOWED_PRIVATE_NETWORKS="127.0.0.0/8") as plant,
            AsyncExitStack() as signed_in,
        ):
            receiver.script.append(answer(503))
            people = {name: Person(name, await signed_in.enter_async_context(plant.log_in(name))) for name in PEOPLE}
            await people["admin"].listen(receiver.url, "ncr.submitted", "order.created")
            recorded = await ncr_to_closure(people) + await board_and_capa(people)
            recorded += await order_with_operations(people)
            refused_once, taken_at_once, *_ = await people["admin"].delivered(3)
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
