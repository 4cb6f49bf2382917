"""What the contracts promise to ERP systems and receivers of webhooks, played through on a virtual clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activities.actions import catalogue
from workflows.definition.compile import compile_file
from workflows.engine.scenarios import actor_of
from workflows.engine.simulation import Simulation

ROOT = Path(__file__).resolve().parents[2] / "definitions"
ORDER = {
    "erpReference": "ERP-PO-12345",
    "productIdentifier": "WIDGET-A-001",
    "quantity": 100,
    "routingId": "routing-uuid-123",
    "priority": 1,
    "scheduledStartDate": "2026-01-20T08:00:00Z",
    "scheduledEndDate": "2026-01-22T17:00:00Z",
    "notes": "Rush order for customer ABC",
    "customFields": {"customerPO": "CUST-12345", "projectCode": "PROJ-001"},
}
"""The request of the external contract."""
OPERATIONS = [
    {"operationNumber": 1, "operationName": "Assembly Station 1", "requiredData": ["torqueReading"]},
    {"operationNumber": 2, "operationName": "Quality Check", "mandatory": True},
]


def started(process: str, data: dict[str, Any], by: str) -> tuple[Simulation, list[dict[str, Any]]]:
    program = compile_file(ROOT / f"{process}.yaml", catalogue()).program
    assert program is not None
    simulation = Simulation(program, facts={"open_holds": []})
    return simulation, simulation.start(data, actor_of(by))


def take(
    simulation: Simulation, code: str, by: str | None = None, *, signed: bool = False, **data: Any
) -> list[dict[str, Any]]:
    signature = simulation.signature(code, data, actor_of(by)) if signed else None
    verdict = simulation.verdict(code, data, actor_of(by), signature=signature)
    assert verdict.allowed, verdict
    return simulation.send(code, data, actor_of(by), signature=signature)


def emitted(effects: list[dict[str, Any]], event: str) -> dict[str, Any]:
    found = [effect["data"] for effect in effects if effect["kind"] == "emit" and effect["event"] == event]
    assert len(found) == 1, effects
    data: dict[str, Any] = found[0]
    return data


# --- orders


def test_an_order_is_taken_as_the_external_contract_writes_it() -> None:
    simulation, effects = started("production/order", ORDER, "integration")

    assert simulation.state == ["pending"]
    assert simulation.snapshot.number == "ORD-2026-001"
    assert emitted(effects, "order.created") == {
        "orderId": "1",
        "orderNumber": "ORD-2026-001",
        "productIdentifier": "WIDGET-A-001",
        "quantity": 100,
        "createdAt": "2026-01-05T08:00:00Z",
    }


def test_an_order_starts_its_operations_and_says_what_they_wait_for() -> None:
    _, effects = started("production/order", ORDER | {"operations": OPERATIONS}, "integration")
    starts = [effect for effect in effects if effect["kind"] == "start"]

    assert [start["number"] for start in starts] == ["ORD-2026-001-1", "ORD-2026-001-2"]
    assert [start["data"]["blockedBy"] for start in starts] == [
        ["ORD-2026-001 is not released"],
        ["operation 1 has not ended"],
    ]


def test_operations_take_what_an_order_gives_them() -> None:
    _, effects = started("production/order", ORDER | {"operations": OPERATIONS}, "integration")
    given = [effect["data"] for effect in effects if effect["kind"] == "start"]

    states = [started("production/work_order_operation", data, "system")[0].state for data in given]

    assert states == [["waiting"], ["waiting"]]


def test_messages_between_order_and_operation_are_understood() -> None:
    """Every event one of them sends is an event the other has a transition for, with a payload it accepts."""
    order, effects = started("production/order", ORDER | {"operations": OPERATIONS[:1]}, "integration")
    operation, _ = started(
        "production/work_order_operation", next(e["data"] for e in effects if e["kind"] == "start"), "system"
    )

    def deliver(effects: list[dict[str, Any]], receiver: Simulation) -> list[dict[str, Any]]:
        answers = []
        for effect in effects:
            if effect["kind"] == "send":
                answers += take(receiver, effect["event"], None, **effect["data"])
        return answers

    deliver(take(order, "release", "planner"), operation)
    assert operation.state == ["pending"]
    deliver(take(operation, "start", "operator"), order)
    assert order.state == ["in_progress"]
    deliver(take(order, "hold", "supervisor", comment="no paint"), operation)
    assert operation.state == ["paused"]
    deliver(take(order, "resume", "supervisor"), operation)
    take(operation, "resume", "operator")
    deliver(take(operation, "complete", "operator", capturedData={"torqueReading": 45.2}), order)

    assert (operation.state, order.state) == (["completed"], ["completed"])
    assert order.snapshot.data["quantityCompleted"] == 100


def test_a_completed_order_is_told_as_the_contract_writes_it() -> None:
    simulation, _ = started("production/order", ORDER, "integration")
    take(simulation, "release", "planner")
    started_effects = take(simulation, "start", "operator")
    simulation.advance("PT4H3M")

    effects = take(simulation, "complete", "operator", quantityCompleted=100)

    assert emitted(started_effects, "order.started")["startedAt"] == "2026-01-05T08:00:00Z"
    assert emitted(effects, "order.completed") == {
        "orderId": "1",
        "orderNumber": "ORD-2026-001",
        "completedAt": "2026-01-05T12:03:00Z",
        "totalCycleTimeSeconds": 14580,
        "quantityCompleted": 100,
    }


def test_a_cancelled_order_takes_its_operations_with_it() -> None:
    simulation, _ = started("production/order", ORDER | {"operations": OPERATIONS}, "integration")

    effects = take(simulation, "cancel", "planner", comment="Customer cancellation request")

    assert emitted(effects, "order.cancelled")["reason"] == "Customer cancellation request"
    assert [(e["event"], e["number"]) for e in effects if e["kind"] == "send"] == [
        ("order_ended", "ORD-2026-001-1"),
        ("order_ended", "ORD-2026-001-2"),
    ]


@pytest.mark.parametrize(
    "wrong", [{"quantity": 0}, {"quantity": 1.5}, {"priority": 6}, {"unknown": 1}, {"productIdentifier": ""}]
)
def test_an_order_that_breaks_its_schema_is_refused(wrong: dict[str, Any]) -> None:
    from workflows.domain.errors import InvalidInput

    with pytest.raises(InvalidInput):
        started("production/order", ORDER | wrong, "integration")


# --- nonconformance reports


NCR = {
    "ncr_type_id": 3,
    "severity": "major",
    "description": "Cracks found on welded joint, third weld from the left",
    "work_order_id": 456,
}
"""The request of the Unison contract."""


@pytest.mark.parametrize("severity", ["minor", "major"])
def test_the_quality_manager_approves_and_the_plant_manager_is_next(severity: str) -> None:
    """The example of the workflow endpoint: submitted to approved, then it is the plant manager's."""
    simulation, _ = started("quality/ncr_report", NCR | {"severity": severity}, "inspector")
    task = next(iter(simulation.snapshot.tasks.values()))
    assert (simulation.state, task["candidates"]) == (["submitted"], ["role:qc_manager"])

    take(simulation, "approve", "qc_manager", comment="Root cause identified, approved for disposition")

    task = next(iter(simulation.snapshot.tasks.values()))
    assert (simulation.state, task["candidates"]) == (["approved"], ["role:plant_manager"])


def test_whoever_is_not_asked_is_told_who_is() -> None:
    simulation, _ = started("quality/ncr_report", NCR, "inspector")

    verdict = simulation.verdict("approve", {"comment": "fine"}, actor_of("operator"))

    assert (verdict.status, verdict.reason) == (403, "This task is assigned to QC Manager, not you")


def test_a_critical_report_is_the_plant_managers_alone() -> None:
    simulation, effects = started("quality/ncr_report", NCR | {"severity": "critical"}, "inspector")
    verdict = simulation.verdict("approve", {"comment": "fine"}, actor_of("qc_manager"))

    assert (verdict.status, verdict.reason) == (403, "This task is assigned to Plant Manager, not you")
    told = [e["with"]["to"] for e in effects if e["kind"] == "do" and e["action"] == "notify.email"]
    assert told == [["role:qc_manager"], ["role:plant_manager"]]


def test_a_rejection_needs_a_reason_of_ten_characters() -> None:
    simulation, _ = started("quality/ncr_report", NCR, "inspector")

    assert simulation.verdict("reject", {}, actor_of("qc_manager")).status == 400
    assert simulation.verdict("reject", {"comment": "too short"}, actor_of("qc_manager")).status == 400
    assert simulation.verdict("reject", {"comment": "long enough"}, actor_of("qc_manager")).allowed


def test_a_named_lot_is_held_in_the_step_that_reports_it() -> None:
    _, effects = started("quality/ncr_report", NCR | {"lot_number": "STL001-20260105-001"}, "inspector")
    hold = next(effect for effect in effects if effect["kind"] == "do" and effect["action"] == "stock.hold")

    assert hold["mode"] == "sql"
    assert hold["with"] == {"lot": "STL001-20260105-001", "reason": "NCR-2026-001"}


def test_events_of_a_report_carry_its_number() -> None:
    simulation, effects = started("quality/ncr_report", NCR, "inspector")
    effects += take(simulation, "approve", "qc_manager")
    effects += take(simulation, "assign", "plant_manager", assignee="technician", disposition="scrap")
    effects += take(simulation, "resolve", "technician", comment="Scrapped")
    effects += take(simulation, "verify", "inspector", signed=True)
    effects += take(simulation, "close", "qc_manager")

    events = [effect for effect in effects if effect["kind"] == "emit"]
    assert {effect["data"]["ncr_number"] for effect in events} == {"NCR-2026-001"}
    assert [effect["event"] for effect in events][-1] == "ncr.closed"


def test_a_report_and_its_capa_understand_each_other() -> None:
    """What the report starts is a CAPA; what the CAPA sends, the report takes."""
    report, _ = started("quality/ncr_report", NCR | {"severity": "critical"}, "inspector")
    take(report, "approve", "plant_manager", disposition="scrap")
    begun = next(e for e in take(report, "assign", "plant_manager", assignee="technician") if e["kind"] == "start")
    capa, _ = started("quality/capa", begun["data"], "system")
    sent = next(
        e
        for e in take(capa, "cancel", "quality_manager", signed=True, comment="covered by another one")
        if e["kind"] == "send"
    )
    take(report, sent["event"], None, **sent["data"])

    assert (begun["process"], begun["number"]) == ("capa", "CAPA-NCR-2026-001")
    assert (sent["process"], sent["number"]) == ("ncr_report", "NCR-2026-001")
    assert report.snapshot.data["capa_state"] == "cancelled"


def test_a_report_and_its_board_understand_each_other() -> None:
    """With the design authority on the board, the report needs no concession of its own."""
    report, _ = started("quality/ncr_report", NCR, "inspector")
    take(report, "approve", "qc_manager")
    begun = next(e for e in take(report, "refer", "qc_manager", comment="quality disagrees") if e["kind"] == "start")
    board, _ = started("quality/mrb", begun["data"], "system")
    take(board, "submit", "qc_manager", proposal="use_as_is", justification="it is hidden")
    for member in ("quality_manager", "engineer", "supervisor"):
        take(board, "agree", member, signed=True, comment="agreed")
    sent = next(
        e for e in take(board, "agree", "design_authority", signed=True, comment="hidden") if e["kind"] == "send"
    )
    take(report, sent["event"], None, **sent["data"])
    take(report, "assign", "plant_manager", assignee="technician")

    assert (begun["process"], begun["number"]) == ("mrb", "MRB-NCR-2026-001-1")
    assert board.state == ["decided"]
    assert (report.state, report.snapshot.data["disposition"]) == (["in_progress"], "use_as_is")
