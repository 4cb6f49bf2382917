"""Parts of the house go away in the middle of things; the instance waits and finishes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowFailureError

from activities.services.instances import Instances
from activities.temporal import StillWorking, connect
from tests.machine.conftest import Plant
from tests.machine.test_effects import JOB
from tests.machine.test_transitions import REPORT
from workflows.domain.errors import Conflict, Unavailable
from workflows.engine.events import Actor
from workflows.messages.instance import workflow_id


async def test_temporal_away_is_unavailable_and_reads_go_on(plant: Plant, omar: Actor, anna: Actor) -> None:
    await plant.publish(REPORT)
    entity = (await plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar)).id
    nobody = await connect("127.0.0.1:1", lazy=True)
    instances = Instances(plant.database, nobody, plant.registry, queue_suffix=plant.suffix)
    with pytest.raises(Unavailable):
        await instances.transition(plant.tenant, "report", entity, "approve", {"comment": "x"}, actor=anna)
    assert await instances.verdicts(plant.tenant, "report", entity, anna)


async def test_without_a_worker_the_command_is_accepted_and_done_later(idle_plant: Plant, omar: Actor) -> None:
    plant = idle_plant
    await plant.publish(JOB)
    waiting = Instances(plant.database, plant.client, plant.registry, queue_suffix=plant.suffix)
    waiting.answer_within_s = 0.5
    with pytest.raises(StillWorking):
        await waiting.start(plant.tenant, "job", {"note": "x"}, actor=omar, idempotency_key="later")
    async with plant.worker():
        started = await plant.instances.start(plant.tenant, "job", {"note": "x"}, actor=omar, idempotency_key="later")
        await plant.until("job", started.id, status="done")
    assert len(plant.world.calls) == 1


async def test_step_that_another_command_took_in_sql_is_refused(plant: Plant, omar: Actor, anna: Actor) -> None:
    """As after the restore of one of the two stores."""
    await plant.publish(REPORT)
    entity = (await plant.instances.start(plant.tenant, "report", {"severity": "minor"}, actor=omar)).id
    async with plant.database.engine.begin() as connection:  # as the owner: no role of the product may do this
        await connection.execute(
            text("UPDATE instances SET seq = 2 WHERE tenant_id = :t AND entity_id = :e"),
            {"t": plant.tenant, "e": entity},
        )
    with pytest.raises(Conflict) as diverged:
        await plant.instances.transition(plant.tenant, "report", entity, "approve", {"comment": "x"}, actor=anna)
    assert diverged.value.code == "STORE_DIVERGED"


async def test_refused_start_leaves_no_running_workflow(plant: Plant, omar: Actor) -> None:
    await plant.publish(JOB.replace("with: {text: data.note}", "with: {text: data.answer}"))
    with pytest.raises(Exception, match=r"data\.answer"):
        await plant.instances.start(plant.tenant, "job", {"note": "x"}, actor=omar)
    running: list[Any] = []
    async with asyncio.timeout(10):
        while not running or running[0].close_time is None:
            query = f'JidokaTenant = "{plant.tenant}"'
            running = [item async for item in plant.client.list_workflows(query)]
            await asyncio.sleep(0.05)
    assert len(running) == 1


async def test_operators_find_instances_by_search_attributes(plant: Plant, omar: Actor) -> None:
    await plant.publish(JOB)
    plant.world.fatal = True
    entity = (await plant.instances.start(plant.tenant, "job", {"note": "x"}, actor=omar)).id
    await plant.until("job", entity, open_incidents=1)
    query = f'JidokaTenant = "{plant.tenant}" AND JidokaState = "working" AND JidokaIncident = true'
    found: list[str] = []
    async with asyncio.timeout(10):
        while not found:
            found = [item.id async for item in plant.client.list_workflows(query)]
            await asyncio.sleep(0.05)
    assert found == [workflow_id(plant.tenant, "job", entity)]


async def test_result_of_the_workflow_tells_the_outcome(plant: Plant, omar: Actor) -> None:
    await plant.publish(JOB)
    entity = (await plant.instances.start(plant.tenant, "job", {"note": "x"}, actor=omar)).id
    handle = plant.client.get_workflow_handle(workflow_id(plant.tenant, "job", entity))
    try:
        result = await asyncio.wait_for(handle.result(), 15)
    except WorkflowFailureError as failure:
        raise AssertionError from failure
    assert (result["status"], result["outcome"]) == ("done", "finished")
