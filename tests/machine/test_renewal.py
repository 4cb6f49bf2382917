"""An instance changes runs: nothing is lost, nothing happens twice, and histories stay short."""

from __future__ import annotations

import asyncio

from activities.services.instances import Instances
from tests.machine.conftest import Plant
from workflows.engine.events import Actor
from workflows.messages.instance import workflow_id

COUNTER = """
process: counter
version: "1.0.0"
title: Counter
start: {by: [anyone]}
data: {type: object, properties: {count: {type: integer}, noted: {type: integer}}}
initial: counting
states:
  counting:
    after: [{in: PT2S, raise: tick}]
    transitions:
      add: {by: [anyone], set: {count: data.count + 1}}
      note:
        by: [anyone]
        actions:
          - {do: test.note, id: noting, with: {text: '"n"'}, done: {set: {noted: data.noted + 1}}}
      tick: {by: [system], to: ended}
  ended:
    transitions: {close: {to: closed, by: [anyone]}}
  closed: {final: true}
"""


async def _counter(plant: Plant, actor: Actor, steps_per_run: int, tick: str = "PT1H") -> int:
    plant.instances = Instances(
        plant.database, plant.client, plant.registry, queue_suffix=plant.suffix, steps_per_run=steps_per_run
    )
    await plant.publish(COUNTER.replace("PT2S", tick))
    return (await plant.instances.start(plant.tenant, "counter", {"count": 0, "noted": 0}, actor=actor)).id


async def _runs(plant: Plant, entity: int) -> int:
    address = workflow_id(plant.tenant, "counter", entity)
    return len([run async for run in plant.client.list_workflows(f'WorkflowId = "{address}"')])


async def test_constant_stream_over_many_runs_counts_every_command_once(plant: Plant, omar: Actor) -> None:
    entity = await _counter(plant, omar, steps_per_run=10)

    async def caller(name: str) -> None:
        for number in range(20):
            await plant.instances.transition(
                plant.tenant, "counter", entity, "add", {}, actor=omar, command_id=f"{name}-{number}"
            )

    await asyncio.gather(*(caller(name) for name in "abc"))
    row = await plant.row("counter", entity)
    assert row.data["count"] == 60
    assert (await _runs(plant, entity)) >= 4


async def test_repeat_of_a_command_of_an_earlier_run_has_no_effect(plant: Plant, omar: Actor) -> None:
    entity = await _counter(plant, omar, steps_per_run=3)

    async def add(command_id: str) -> int:
        outcome = await plant.instances.transition(
            plant.tenant, "counter", entity, "add", {}, actor=omar, command_id=command_id
        )
        return outcome.seq

    first = await add("first")
    for number in range(5):
        await add(f"more-{number}")
    assert await add("first") == first
    assert (await plant.row("counter", entity)).data["count"] == 6


async def test_timer_keeps_its_due_time_over_runs(plant: Plant, omar: Actor) -> None:
    entity = await _counter(plant, omar, steps_per_run=3, tick="PT6S")
    for number in range(7):
        await plant.instances.transition(
            plant.tenant, "counter", entity, "add", {}, actor=omar, command_id=f"k{number}"
        )
    await plant.until("counter", entity, state="ended")


async def test_effects_are_reported_once_over_runs(plant: Plant, omar: Actor) -> None:
    entity = await _counter(plant, omar, steps_per_run=4)
    for number in range(6):
        await plant.instances.transition(
            plant.tenant, "counter", entity, "note", {}, actor=omar, command_id=f"k{number}"
        )
    async with asyncio.timeout(15):
        while (await plant.row("counter", entity)).data["noted"] < 6:
            await asyncio.sleep(0.03)
    assert (await plant.row("counter", entity)).data["noted"] == 6
    assert len(set(plant.world.keys)) == 6
