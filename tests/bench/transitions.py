"""Transitions through the Temporal client: the interpreter against the hand-written workflow, in alternating rounds."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from activities.temporal import RunChanging, translated
from tests.bench import handwritten
from tests.bench.definition import HAND_QUEUE, PROCESS, SUFFIX, toggle
from tests.bench.figures import Figure, percentile
from workflows.engine.events import Actor
from workflows.messages.instance import (
    CORE_QUEUE,
    UPDATE_START,
    UPDATE_TRANSITION,
    WORKFLOW,
    Command,
    InstanceInput,
    Outcome,
    workflow_id,
)

ACTOR = Actor(1, "operator", "Operator", roles=("operator",)).to_json()
CODE = "toggle"
TENANT = "bench"
STEPS = {1: 10, 50: 3}
"""Transitions of each instance in one round. Many short rounds: what else the machine does then hits both alike."""
FEWEST_ROUNDS, MOST_ROUNDS = 5, 40
PATIENCE_S = 50.0
"""No further pair of rounds begins after that, once there are enough."""

_entity_ids = itertools.count(1)


class Toggled:
    """One instance that toggles when told."""

    def __init__(self, handle: WorkflowHandle[Any, Any]) -> None:
        self._handle = handle
        self.steps = 0

    async def step(self) -> float:
        """Take the next transition; gives the seconds it took."""
        self.steps += 1
        command = Command(f"bench-{self.steps}", CODE, ACTOR)
        began = time.perf_counter()
        while not await self._taken(command):
            await asyncio.sleep(0.01)
        return time.perf_counter() - began

    async def _taken(self, command: Command) -> bool:
        """False while the instance is between two runs, as the product's own client sees it."""
        try:
            async with translated():
                await self._handle.execute_update(UPDATE_TRANSITION, command, id=command.id, result_type=Outcome)
        except RunChanging:
            return False
        return True


@dataclass
class Contestant:
    """One way to run the toggle, with what was measured of it."""

    name: str
    workflow: str
    queue: str
    seconds: list[float] = field(default_factory=list)
    """Of each round."""
    latencies: list[float] = field(default_factory=list)

    async def start(self, client: Client) -> Toggled:
        entity_id = next(_entity_ids)
        instance = InstanceInput(TENANT, PROCESS, toggle().digest, entity_id, f"{self.name}-{entity_id}")
        operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            self.workflow,
            instance,
            id=workflow_id(TENANT, PROCESS, entity_id),
            task_queue=self.queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
        )
        command = Command("start", "start", ACTOR, {"count": 0})
        await client.execute_update_with_start_workflow(
            UPDATE_START, command, start_workflow_operation=operation, id=command.id, result_type=Outcome
        )
        return Toggled(await operation.workflow_handle())

    async def round(self, instances: list[Toggled], steps: int) -> None:
        """Every instance takes `steps` transitions, one after the other, all instances at once."""

        async def march(instance: Toggled) -> None:
            for _ in range(steps):
                self.latencies.append(await instance.step())

        began = time.perf_counter()
        await asyncio.gather(*map(march, instances))
        self.seconds.append(time.perf_counter() - began)


async def compare(client: Client, concurrent: int) -> list[Figure]:
    """Alternating rounds; the ratio is the median over rounds of interpreter's time by hand-written time."""
    ours = Contestant("interpreter", WORKFLOW, CORE_QUEUE + SUFFIX)
    hand = Contestant("hand", handwritten.NAME, HAND_QUEUE)
    contestants = (ours, hand)
    running = {
        each.name: await asyncio.gather(*(each.start(client) for _ in range(concurrent))) for each in contestants
    }
    began = time.perf_counter()
    for number in range(MOST_ROUNDS + 1):
        for each in contestants if number % 2 else contestants[::-1]:
            await each.round(running[each.name], STEPS[concurrent])
        if number == 0:  # warming up
            for each in contestants:
                each.seconds.clear()
                each.latencies.clear()
        if number >= FEWEST_ROUNDS and time.perf_counter() - began > PATIENCE_S:
            break
    ratios = [a / b for a, b in zip(ours.seconds, hand.seconds, strict=True)]
    figures = [Figure(f"transition_ratio_{concurrent}", statistics.median(ratios), "time/time")]
    for each, prefix in ((ours, ""), (hand, "hand_")):
        transitions = concurrent * STEPS[concurrent]
        rates = [transitions / seconds for seconds in each.seconds]
        figures += [
            Figure(f"{prefix}transitions_per_s_{concurrent}", statistics.median(rates), "1/s"),
            Figure(f"{prefix}transition_p50_ms_{concurrent}", 1000 * percentile(each.latencies, 0.50), "ms"),
            Figure(f"{prefix}transition_p95_ms_{concurrent}", 1000 * percentile(each.latencies, 0.95), "ms"),
        ]
    return figures
