"""The bench's worker process: the interpreter and the hand-written workflow side by side, under equal conditions.

Run as `python -m tests.bench.worker DATABASE_URL TEMPORAL_ADDRESS`; ends with its parent.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.actions.registry import Registry
from activities.instance_activities import InstanceActivities
from activities.services.instances import Instances
from activities.store.database import Database
from activities.temporal import connect
from activities.worker import workers
from tests.bench.definition import HAND_QUEUE, SUFFIX, toggle
from tests.bench.handwritten import HandWritten
from workflows.machine import programs

CACHED = 1000


async def main(database_url: str, temporal_address: str) -> None:
    program = toggle()
    programs.install({program.digest: program.canonical()}.__getitem__)
    database, actions = Database(database_url), Registry()
    client = await connect(temporal_address)
    activities = InstanceActivities(
        database=database,
        registry=actions,
        instances=Instances(database, client, actions),
        equipment=cast("Any", None),  # the toggle reaches nothing outside
    )
    by_hand = Worker(
        client,
        task_queue=HAND_QUEUE,
        workflows=[HandWritten],
        activities=activities.core(),
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=CACHED,
        max_concurrent_workflow_tasks=100,
        max_concurrent_activities=100,
        max_concurrent_workflow_task_polls=10,
        max_concurrent_activity_task_polls=10,
    )
    async with workers(client, activities, queue_suffix=SUFFIX, cached_workflows=CACHED), by_hand:
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
