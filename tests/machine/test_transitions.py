"""Commands from people: what is carried out, once, and what is refused without a trace."""

from __future__ import annotations

import asyncio

import pytest

from tests.machine.conftest import Plant
from workflows.domain.errors import (
    AlreadyExists,
    Conflict,
    ExpressionFailed,
    InstanceEnded,
    InvalidInput,
    NotAllowed,
    NotFound,
    PayloadTooLarge,
    RuleRefused,
    UnknownTransition,
)
from workflows.engine.events import Actor
from workflows.messages.instance import workflow_id

REPORT = """
process: report
version: "1.0.0"
title: Report
number: "REP-{yyyy}-{seq:3}"
start: {by: [role:operator]}
data:
  type: object
  properties:
    severity: {enum: [minor, major]}
    quantity: {type: number}
    divisor: {type: integer}
    comment: {type: string}
  required: [severity]
  additionalProperties: false
facts:
  holds: {call: test.count}
initial: submitted
states:
  submitted:
    task: {title: "Review {number}", candidates: [role:qc_manager], due: PT24H, escalate: [{at: 100%, raise: late}]}
    transitions:
      approve:
        when: data.severity == "minor"
        to: approved
        set: {comment: event.comment}
        require: [comment]
        else: NEEDS_BOARD
      divide: {when: 10 / data.divisor > 1, to: approved}
      count: {when: facts.holds == 0, to: approved, else: LOT_ON_HOLD}
      late: {by: [system], to: approved}
  approved:
    entry: [{emit: report.approved}]
    transitions:
      close: {to: closed, by: [role:qc_manager]}
      book:
        actions: [{do: test.book, with: {text: number}}]
        by: [role:qc_manager]
  closed: {final: true}
"""


async def test_start_answers_with_id_number_and_state(plant: Plant, omar: Actor) -> None:
    await plant.publish(REPORT)
    started = await plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar)

    assert started.number.startswith("REP-")
    assert started.number.endswith("-001")
    assert started.state == "submitted"
    row = await plant.row("report", started.id)
    assert (row.status, row.state, row.seq, row.creator) == ("running", "submitted", 1, "omar")


async def _start(plant: Plant, actor: Actor, **data: object) -> int:
    await plant.publish(REPORT)
    return (await plant.instances.start(plant.tenant, "report", {"severity": "minor", **data}, actor=actor)).id


async def test_transition_is_committed_when_it_returns(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar)
    outcome = await plant.instances.transition(
        plant.tenant, "report", entity, "approve", {"comment": "fine"}, actor=anna
    )

    assert (outcome.previous_state, outcome.state, outcome.seq) == (["submitted"], ["approved"], 2)
    row = await plant.row("report", entity)
    assert (row.state, row.seq, row.data["comment"]) == ("approved", 2, "fine")


@pytest.mark.parametrize(
    ("code", "data", "who", "error", "error_code"),
    [
        ("fly", {}, "anna", UnknownTransition, "TRANSITION_NOT_AVAILABLE"),
        ("close", {}, "anna", UnknownTransition, "TRANSITION_NOT_AVAILABLE"),
        ("approve", {"comment": "x"}, "omar", NotAllowed, "FORBIDDEN"),
        ("late", {}, "anna", NotAllowed, "FORBIDDEN"),
        ("approve", {}, "anna", InvalidInput, "VALIDATION_ERROR"),
    ],
)
async def test_refusal_leaves_no_history(
    plant: Plant, anna: Actor, omar: Actor, code: str, data: dict[str, object], who: str, error: type, error_code: str
) -> None:
    await plant.publish(
        REPORT.replace("facts:\n  holds: {call: test.count}\n", "").replace(
            "      count: {when: facts.holds == 0, to: approved, else: LOT_ON_HOLD}\n", ""
        )
    )
    entity = (await plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar)).id
    handle = plant.client.get_workflow_handle(workflow_id(plant.tenant, "report", entity))
    before = (await handle.describe()).history_length

    with pytest.raises(error) as refused:
        await plant.instances.transition(
            plant.tenant, "report", entity, code, data, actor=anna if who == "anna" else omar
        )

    assert refused.value.code == error_code
    assert (await handle.describe()).history_length == before
    assert (await plant.row("report", entity)).seq == 1


async def test_guard_refuses_with_the_definitions_code(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar, severity="major")
    with pytest.raises(RuleRefused) as refused:
        await plant.instances.transition(plant.tenant, "report", entity, "approve", {"comment": "x"}, actor=anna)
    assert refused.value.code == "NEEDS_BOARD"


async def test_fact_is_looked_up_for_the_guard(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar)
    plant.world.fact = 2
    with pytest.raises(RuleRefused) as refused:
        await plant.instances.transition(plant.tenant, "report", entity, "count", {}, actor=anna)
    assert refused.value.code == "LOT_ON_HOLD"
    plant.world.fact = 0
    assert (await plant.instances.transition(plant.tenant, "report", entity, "count", {}, actor=anna)).state == [
        "approved"
    ]


async def test_guard_error_is_told_and_put_on_record_once(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar, divisor=0)
    for _ in range(2):
        with pytest.raises(ExpressionFailed):
            await plant.instances.transition(plant.tenant, "report", entity, "divide", {}, actor=anna)
    row = await plant.until("report", entity, open_incidents=1)
    assert row.state == "submitted"


async def test_same_command_id_has_one_effect(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar)
    calls = [
        plant.instances.transition(
            plant.tenant, "report", entity, "approve", {"comment": "x"}, actor=anna, command_id="k1"
        )
        for _ in range(4)
    ]
    outcomes = await asyncio.gather(*calls)
    assert {outcome.seq for outcome in outcomes} == {2}
    assert len(await plant.steps("report", entity)) == 2


async def test_of_two_concurrent_transitions_one_wins(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar)
    results = await asyncio.gather(
        *(
            plant.instances.transition(plant.tenant, "report", entity, "approve", {"comment": "x"}, actor=anna)
            for _ in range(5)
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Outcome", *["UnknownTransition"] * 4]


async def test_stale_sequence_number_is_a_conflict(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar)
    with pytest.raises(Conflict) as stale:
        await plant.instances.transition(
            plant.tenant, "report", entity, "approve", {"comment": "x"}, actor=anna, expected_seq=9
        )
    assert stale.value.code == "STALE"


async def test_sql_action_refuses_and_nothing_has_changed(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar)
    await plant.instances.transition(plant.tenant, "report", entity, "approve", {"comment": "x"}, actor=anna)
    plant.world.refuse = "NO_STOCK"
    with pytest.raises(RuleRefused) as refused:
        await plant.instances.transition(plant.tenant, "report", entity, "book", {}, actor=anna)
    assert refused.value.code == "NO_STOCK"
    assert (await plant.row("report", entity)).seq == 2
    plant.world.refuse = None
    assert (await plant.instances.transition(plant.tenant, "report", entity, "book", {}, actor=anna)).seq == 3


async def test_ended_instance_takes_nothing(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar)
    await plant.instances.transition(plant.tenant, "report", entity, "approve", {"comment": "x"}, actor=anna)
    await plant.instances.transition(plant.tenant, "report", entity, "close", {}, actor=anna)
    with pytest.raises(InstanceEnded):
        await plant.instances.transition(plant.tenant, "report", entity, "close", {}, actor=anna)
    assert (await plant.row("report", entity)).status == "done"


async def test_start_is_refused_where_the_definition_does_not_let(plant: Plant, anna: Actor) -> None:
    await plant.publish(REPORT)
    with pytest.raises(NotAllowed):
        await plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=anna)


async def test_start_data_are_held_against_the_schema(plant: Plant, omar: Actor) -> None:
    await plant.publish(REPORT)
    with pytest.raises(InvalidInput) as wrong:
        await plant.instances.start(plant.tenant, "report", {"severity": "odd", "colour": 1}, actor=omar)
    assert {item["field"] for item in wrong.value.violations} >= {"severity"}


async def test_start_form_asks_for_more_than_the_schema(plant: Plant, omar: Actor) -> None:
    await plant.publish(
        REPORT.replace("start: {by: [role:operator]}", "start: {by: [role:operator], require: [comment]}")
    )
    with pytest.raises(InvalidInput) as wrong:
        await plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar)
    assert [item["field"] for item in wrong.value.violations] == ["comment"]


async def test_same_number_twice_is_a_conflict_that_knows_the_first(plant: Plant, omar: Actor) -> None:
    await plant.publish(REPORT)
    first = await plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar, number="X-1")
    with pytest.raises(AlreadyExists) as taken:
        await plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar, number="X-1")
    assert taken.value.details["id"] == first.id


async def test_same_number_at_once_starts_one(plant: Plant, omar: Actor) -> None:
    await plant.publish(REPORT)
    results = await asyncio.gather(
        *(
            plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar, number="X-2")
            for _ in range(4)
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == [*["AlreadyExists"] * 3, "Started"]


async def test_same_key_starts_one_instance(plant: Plant, omar: Actor) -> None:
    await plant.publish(REPORT)
    started = await asyncio.gather(
        *(
            plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar, idempotency_key="a")
            for _ in range(4)
        )
    )
    assert len({item.id for item in started}) == 1
    assert len({item.number for item in started}) == 1


async def test_unknown_instance_and_other_tenants_instance_are_not_found(
    plant: Plant, anna: Actor, omar: Actor
) -> None:
    entity = await _start(plant, omar)
    for tenant, known in ((plant.tenant, 999_999_999), ("someone-else", entity)):
        with pytest.raises(NotFound):
            await plant.instances.transition(tenant, "report", known, "approve", {"comment": "x"}, actor=anna)


async def test_too_large_a_payload_is_refused(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar)
    with pytest.raises(PayloadTooLarge):
        await plant.instances.transition(
            plant.tenant, "report", entity, "approve", {"comment": "x" * 70_000}, actor=anna
        )


async def test_verdicts_say_what_may_be_done_and_why_not(plant: Plant, anna: Actor, omar: Actor) -> None:
    entity = await _start(plant, omar, severity="major", divisor=100)
    plant.world.fact = 1
    verdicts = {
        item.code: (item.allowed, item.error)
        for item in await plant.instances.verdicts(plant.tenant, "report", entity, anna)
    }
    assert verdicts == {
        "approve": (False, "NEEDS_BOARD"),
        "divide": (False, "GUARD_REFUSED"),
        "count": (False, "LOT_ON_HOLD"),
        "late": (False, "FORBIDDEN"),
    }
    for item in await plant.instances.verdicts(plant.tenant, "report", entity, omar):
        assert not item.allowed
    [approve, *_] = await plant.instances.verdicts(plant.tenant, "report", entity, omar)
    assert approve.reason == "This task is assigned to QC Manager, not you"
