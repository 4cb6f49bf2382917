"""Decision tables inside real workflows: taken with the facts of their step, refused with the rules, replayed."""

from __future__ import annotations

import pytest
from temporalio.worker import Replayer

from activities.codec import converter
from tests.machine.conftest import Plant
from workflows.domain.errors import RuleRefused
from workflows.engine.events import Actor
from workflows.machine.interpreter import Interpreter
from workflows.machine.sandbox import runner
from workflows.messages.instance import workflow_id

BOARD = """
process: board
version: "1.0.0"
title: Review board
start: {by: [role:operator]}
data:
  type: object
  properties:
    severity: {enum: [minor, major, critical]}
    board: {type: array, items: {type: string}}
    votes: {type: integer}
    approval: {type: object, properties: {role: {type: string}, level: {type: integer}}}
  required: [severity]
facts:
  holds: {call: test.count}
tables:
  board:
    hit: collect
    aggregate: {votes: sum}
    inputs: {severity: data.severity, holds: facts.holds}
    outputs: {member: string, votes: integer}
    rules:
      - {then: {member: '"quality"', votes: 1}}
      - {when: {severity: '["major", "critical"]'}, then: {member: '"engineering"', votes: 1}}
      - {when: {holds: '> 0'}, then: {member: '"warehouse"', votes: holds}}
  approval:
    inputs: {severity: data.severity}
    outputs: {role: string, level: integer}
    rules:
      - {when: {severity: '"minor"'}, then: {role: '"qc_manager"', level: 1}}
      - {when: {severity: 'severity.startsWith("m")'}, then: {role: '"plant_manager"', level: 2}}
states:
  open:
    transitions:
      convene:
        by: [anyone]
        actions: [{decide: board, set: {board: decision.member, votes: decision.votes}}]
      approve:
        by: [anyone]
        when: tables.approval.role in actor.roles
        else: NOT_THE_APPROVER
        actions: [{decide: approval, into: approval}]
        to: closed
  closed: {final: true}
"""


async def _start(plant: Plant, actor: Actor, severity: str) -> int:
    await plant.publish(BOARD)
    return (await plant.instances.start(plant.tenant, "board", {"severity": severity}, actor=actor)).id


async def test_a_decision_is_taken_with_the_facts_of_its_step_and_replays(
    plant: Plant, anna: Actor, omar: Actor
) -> None:
    entity = await _start(plant, omar, "major")
    plant.world.fact = 3
    await plant.instances.transition(plant.tenant, "board", entity, "convene", {}, actor=anna)
    plant.world.fact = 0

    data = (await plant.row("board", entity)).data
    assert (data["board"], data["votes"]) == (["quality", "engineering", "warehouse"], 5)
    history = await plant.client.get_workflow_handle(workflow_id(plant.tenant, "board", entity)).fetch_history()
    replayer = Replayer(workflows=[Interpreter], data_converter=converter(), workflow_runner=runner())
    assert (await replayer.replay_workflow(history)).replay_failure is None


@pytest.mark.parametrize(
    ("severity", "code", "rules"),
    [("minor", "TABLE_NOT_UNIQUE", [1, 2]), ("critical", "TABLE_NO_RULE", []), ("major", "NOT_THE_APPROVER", None)],
)
async def test_a_decision_that_cannot_be_taken_refuses_the_transition(
    plant: Plant, anna: Actor, omar: Actor, severity: str, code: str, rules: list[int] | None
) -> None:
    entity = await _start(plant, omar, severity)
    with pytest.raises(RuleRefused) as refused:
        await plant.instances.transition(plant.tenant, "board", entity, "approve", {}, actor=anna)

    assert refused.value.code == code
    assert refused.value.details.get("rules") == rules
    assert (await plant.row("board", entity)).seq == 1
