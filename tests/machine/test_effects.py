"""What happens after the commit: actions, timers, children, messages, and what people do when they fail."""

from __future__ import annotations

import asyncio

import pytest

from activities.services.reading import Reading
from tests.machine.conftest import Plant
from workflows.domain.errors import InstanceEnded, InvalidInput, NotFound
from workflows.engine.events import Actor
from workflows.messages.instance import workflow_id

JOB = """
process: job
version: "1.0.0"
title: Job
start: {by: [anyone]}
data:
  type: object
  properties: {note: {type: string}, answer: {type: string}}
initial: working
states:
  working:
    entry:
      - do: test.note
        id: noting
        with: {text: data.note}
        retry: {first: PT0.05S, factor: 1, attempts: 3}
        done: {to: finished, set: {answer: event.text}}
    transitions:
      give_up: {to: abandoned, by: [anyone]}
  finished: {final: true}
  abandoned: {final: true, class: failure}
"""


async def _start(plant: Plant, actor: Actor, process: str = "job", **data: object) -> int:
    return (await plant.instances.start(plant.tenant, process, data, actor=actor)).id


async def test_action_runs_after_the_commit_and_reports_its_result(plant: Plant, omar: Actor) -> None:
    await plant.publish(JOB)
    entity = await _start(plant, omar, note="hello")
    row = await plant.until("job", entity, status="done")
    assert row.data["answer"] == "HELLO"
    assert plant.world.calls == [("note", "hello", 1)]


async def test_action_is_tried_again_under_one_key(plant: Plant, omar: Actor) -> None:
    await plant.publish(JOB)
    plant.world.failing = 2
    entity = await _start(plant, omar, note="hello")
    await plant.until("job", entity, status="done")
    assert [attempt for _, _, attempt in plant.world.calls] == [1, 2, 3]
    assert len(set(plant.world.keys)) == 1
    failed = await Reading(plant.database).failed_attempts(plant.tenant, "job", entity)
    assert [(entry.attempt, entry.error["code"]) for entry in failed] == [(2, "BUSY"), (1, "BUSY")]


async def test_exhausted_retries_are_an_incident_that_a_retry_repairs(plant: Plant, anna: Actor, omar: Actor) -> None:
    await plant.publish(JOB)
    plant.world.failing = 3
    entity = await _start(plant, omar, note="hello")
    row = await plant.until("job", entity, open_incidents=1)
    assert row.state == "working"
    incident = next(iter(row.snapshot["incidents"]))
    await plant.instances.repair(plant.tenant, "job", entity, incident, "retry", reason="network is back", actor=anna)
    row = await plant.until("job", entity, status="done")
    assert (row.open_incidents, row.outcome) == (0, "finished")
    log = await plant.steps("job", entity)
    assert ("retry", "network is back", "anna") in [(step.event, step.reason, step.username) for step in log]


async def test_skipped_incident_counts_as_done(plant: Plant, anna: Actor, omar: Actor) -> None:
    await plant.publish(JOB.replace(", set: {answer: event.text}", ""))
    plant.world.fatal = True
    entity = await _start(plant, omar, note="hello")
    row = await plant.until("job", entity, open_incidents=1)
    assert len(plant.world.calls) == 1
    incident = next(iter(row.snapshot["incidents"]))
    await plant.instances.repair(plant.tenant, "job", entity, incident, "skip", reason="done by hand", actor=anna)
    assert (await plant.until("job", entity, status="done")).outcome == "finished"


async def test_incident_is_left_by_moving_to_a_state(plant: Plant, anna: Actor, omar: Actor) -> None:
    await plant.publish(JOB)
    plant.world.fatal = True
    entity = await _start(plant, omar, note="hello")
    row = await plant.until("job", entity, open_incidents=1)
    incident = next(iter(row.snapshot["incidents"]))
    await plant.instances.repair(
        plant.tenant, "job", entity, incident, "move", reason="give up", actor=anna, target="abandoned"
    )
    assert (await plant.until("job", entity, status="done")).outcome == "abandoned"


async def test_patched_data_are_checked_and_used_by_the_retry(plant: Plant, anna: Actor, omar: Actor) -> None:
    await plant.publish(JOB)
    plant.world.fatal = True
    entity = await _start(plant, omar, note="wrong")
    row = await plant.until("job", entity, open_incidents=1)
    incident = next(iter(row.snapshot["incidents"]))

    async def repair(act: str, patch: dict[str, object] | None = None) -> None:
        await plant.instances.repair(
            plant.tenant, "job", entity, incident, act, reason="a typing error", actor=anna, patch=patch
        )

    with pytest.raises(InvalidInput):
        await repair("patch", {"note": 5})
    await repair("patch", {"note": "right"})
    plant.world.fatal = False
    await repair("retry")
    await plant.until("job", entity, status="done")
    assert [word for _, word, _ in plant.world.calls] == ["wrong", "right"]


async def test_repair_of_an_unknown_incident_is_refused(plant: Plant, anna: Actor, omar: Actor) -> None:
    await plant.publish(JOB)
    plant.world.fatal = True
    entity = await _start(plant, omar, note="x")
    await plant.until("job", entity, open_incidents=1)
    with pytest.raises(NotFound):
        await plant.instances.repair(plant.tenant, "job", entity, "99", "retry", reason="r", actor=anna)


HANDLED = """
process: handled
version: "1.0.0"
title: Handled
start: {by: [anyone]}
initial: working
states:
  working:
    entry:
      - {do: test.note, id: noting, with: {text: '"x"'}, failed: {to: sorry}, retry: {first: PT0.3S, attempts: 2}}
    transitions: {leave: {to: resting, by: [anyone]}, go_on: {to: resting, by: [anyone]}}
  sorry: {final: true, class: failure}
  resting:
    transitions: {close: {to: closed, by: [anyone]}}
  closed: {final: true}
"""


async def test_failure_that_the_definition_handles_is_no_incident(plant: Plant, omar: Actor) -> None:
    await plant.publish(HANDLED)
    plant.world.fatal = True
    entity = await _start(plant, omar, "handled")
    row = await plant.until("handled", entity, status="done")
    assert (row.outcome, row.open_incidents) == ("sorry", 0)


async def test_failure_after_its_state_was_left_is_an_incident(plant: Plant, omar: Actor) -> None:
    await plant.publish(HANDLED)
    plant.world.failing, plant.world.busy_s = 2, 2.0
    entity = await _start(plant, omar, "handled")
    await plant.world.called.wait()
    await plant.instances.transition(plant.tenant, "handled", entity, "leave", {}, actor=omar)
    assert (await plant.until("handled", entity, open_incidents=1)).state == "resting"


TIMED = """
process: timed
version: "1.0.0"
title: Timed
start: {by: [anyone]}
initial: waiting
states:
  waiting:
    after: [{in: PT0.2S, to: late}]
    transitions: {go: {to: gone, by: [anyone]}}
  late: {final: true}
  gone:
    after: [{in: PT0.2S, to: waiting}]
    transitions: {stop: {to: late, by: [anyone]}}
"""


async def test_timer_fires_by_itself(plant: Plant, omar: Actor) -> None:
    await plant.publish(TIMED)
    entity = await _start(plant, omar, "timed")
    await plant.until("timed", entity, status="done")
    assert [step.source for step in await plant.steps("timed", entity)] == ["api", "timer"]


async def test_timer_of_a_state_that_was_left_does_not_fire(plant: Plant, omar: Actor) -> None:
    await plant.publish(TIMED.replace("PT0.2S, to: late", "PT2S, to: late"))
    entity = await _start(plant, omar, "timed")
    await plant.instances.transition(plant.tenant, "timed", entity, "go", {}, actor=omar)
    await plant.until("timed", entity, status="done")
    log = [(step.event.partition(".")[0], step.after) for step in await plant.steps("timed", entity)]
    assert log == [("start", ["waiting"]), ("go", ["gone"]), ("after", ["waiting"]), ("after", ["late"])]


async def test_timer_survives_the_worker(idle_plant: Plant, omar: Actor) -> None:
    plant = idle_plant
    await plant.publish(TIMED)
    async with plant.worker():
        entity = await _start(plant, omar, "timed")
    async with plant.worker():
        await plant.until("timed", entity, status="done")


PARENT = """
process: parent
version: "1.0.0"
title: Parent
start: {by: [anyone]}
data: {type: object, properties: {parts: {type: array, items: {type: string}}, outcomes: {type: array}}}
initial: making
states:
  making:
    each: {of: data.parts, as: part, start: part, with: {name: part}}
    done: {to: made, set: {outcomes: "event.children.map(c, c.outcome)"}}
    transitions: {stop: {to: stopped, by: [anyone]}}
  made: {final: true}
  stopped: {final: true}
"""
PART = """
process: part
version: "1.0.0"
title: Part
start: {by: [system]}
data: {type: object, properties: {name: {type: string}}}
initial: open
states:
  open:
    transitions:
      finish: {to: finished, by: [anyone]}
      tell: {by: [anyone], actions: [{send: heard, to: {process: ear, number: '"E-1"'}, with: {name: data.name}}]}
  finished: {final: true}
"""


async def _children(plant: Plant, entity: int, count: int) -> list[int]:
    from sqlalchemy import text

    query = text("SELECT entity_id FROM instances WHERE parent_entity_id = :e ORDER BY parent_child::int")
    async with asyncio.timeout(15):
        while True:
            async with plant.database.transaction(plant.tenant) as connection:
                found = [row[0] for row in await connection.execute(query, {"e": entity})]
            if len(found) == count:
                return found
            await asyncio.sleep(0.03)


async def test_one_child_for_every_item_and_the_parent_goes_on_when_all_ended(plant: Plant, omar: Actor) -> None:
    await plant.publish(PARENT)
    await plant.publish(PART)
    entity = await _start(plant, omar, "parent", parts=["a", "b", "c"])
    for child in await _children(plant, entity, 3):
        assert (await plant.row("parent", entity)).status == "running"
        await plant.instances.transition(plant.tenant, "part", child, "finish", {}, actor=omar)
    row = await plant.until("parent", entity, status="done")
    assert row.data["outcomes"] == ["finished"] * 3


async def test_children_are_cancelled_when_their_state_is_left(plant: Plant, omar: Actor) -> None:
    await plant.publish(PARENT)
    await plant.publish(PART)
    entity = await _start(plant, omar, "parent", parts=["a", "b"])
    children = await _children(plant, entity, 2)
    await plant.instances.transition(plant.tenant, "parent", entity, "stop", {}, actor=omar)
    for child in children:
        await plant.until("part", child, status="cancelled")
    await plant.until("parent", entity, status="done")


EAR = """
process: ear
version: "1.0.0"
title: Ear
start: {by: [anyone]}
data: {type: object, properties: {name: {type: string}}}
initial: listening
states:
  listening:
    transitions: {heard: {to: heard, by: [system], set: {name: event.name}}}
  heard: {final: true}
"""


async def test_message_reaches_another_instance_by_its_number(plant: Plant, omar: Actor) -> None:
    await plant.publish(EAR)
    await plant.publish(PART.replace("by: [system]", "by: [anyone]", 1))
    ear = (await plant.instances.start(plant.tenant, "ear", {}, actor=omar, number="E-1")).id
    mouth = await _start(plant, omar, "part", name="bolt")
    await plant.instances.transition(plant.tenant, "part", mouth, "tell", {}, actor=omar)
    assert (await plant.until("ear", ear, status="done")).data["name"] == "bolt"


SAGA = """
process: saga
version: "1.0.0"
title: Saga
start: {by: [anyone]}
initial: first
states:
  first:
    entry:
      - {do: test.note, id: one, with: {text: '"1"'}, undo: {do: test.undo, with: {text: '"1"'}}, done: {to: second}}
  second:
    entry:
      - {do: test.note, id: two, with: {text: '"2"'}, undo: {do: test.undo, with: {text: '"2"'}}, done: {to: third}}
  third:
    transitions: {fail: {to: undone, by: [anyone], actions: [{compensate: true}]}}
  undone: {final: true}
"""


async def test_compensations_run_in_reverse_order(plant: Plant, omar: Actor) -> None:
    await plant.publish(SAGA)
    entity = await _start(plant, omar, "saga")
    await plant.until("saga", entity, state="third")
    await plant.instances.transition(plant.tenant, "saga", entity, "fail", {}, actor=omar)
    handle = plant.client.get_workflow_handle(workflow_id(plant.tenant, "saga", entity))
    await asyncio.wait_for(handle.result(), 15)
    assert [(name, word) for name, word, _ in plant.world.calls] == [
        ("note", "1"),
        ("note", "2"),
        ("undo", "2"),
        ("undo", "1"),
    ]


async def test_cancel_ends_the_instance_and_what_it_waits_for(plant: Plant, anna: Actor, omar: Actor) -> None:
    await plant.publish(TIMED.replace("PT0.2S", "PT1H"))
    entity = await _start(plant, omar, "timed")
    outcome = await plant.instances.cancel(plant.tenant, "timed", entity, reason="a mistake", actor=anna)
    assert (outcome.state, outcome.status) == ([], "cancelled")
    with pytest.raises(InstanceEnded):
        await plant.instances.cancel(plant.tenant, "timed", entity, reason="again", actor=anna)
    row = await plant.row("timed", entity)
    assert (row.status, row.next_timer_at) == ("cancelled", None)


async def test_cancellation_in_temporal_is_a_cancellation_here(plant: Plant, omar: Actor) -> None:
    await plant.publish(TIMED.replace("PT0.2S", "PT1H"))
    entity = await _start(plant, omar, "timed")
    await plant.client.get_workflow_handle(workflow_id(plant.tenant, "timed", entity)).cancel()
    await plant.until("timed", entity, status="cancelled")
