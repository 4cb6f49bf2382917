"""The worker: runs instances and their activities, and the outbox dispatcher beside them, until told to stop."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities import checkpoints
from activities.actions import registry
from activities.actions.equipment import equip
from activities.instance_activities import InstanceActivities
from activities.notices import orphan_tasks
from activities.notices.chore import forget_letters, notifier
from activities.outbox import Dispatcher, through
from activities.services.instances import Instances
from activities.settings import Settings
from activities.store.database import Database
from activities.store.program_source import program_source
from activities.store.repositories import attempts, reservations, signatures
from workflows.domain.errors import Unavailable
from workflows.machine import programs
from workflows.machine.interpreter import Interpreter
from workflows.machine.sandbox import runner
from workflows.messages.instance import CORE_QUEUE, EFFECTS_QUEUE

GRACE = dt.timedelta(seconds=5)
"""Time for running activities to finish when the worker stops; shorter than any supervisor's patience."""

TIDY_EVERY_S = 3600.0
ATTEMPTS_KEPT = dt.timedelta(days=90)
"""As long as Temporal keeps histories."""

SESSIONS_KEPT = dt.timedelta(days=1)
"""Longer than any pause after which a session may still sign with the password alone."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def workers(
    client: Client,
    activities: InstanceActivities,
    *,
    sandboxed: bool = False,
    queue_suffix: str = "",
    cached_workflows: int = 1000,
) -> AsyncIterator[None]:
    """Poll both queues while inside.

    Args:
        sandboxed: run workflow code in Temporal's sandbox, which finds what is not deterministic; tests do.
        queue_suffix: lets several plants or tests share one server.
    """
    core = Worker(
        client,
        task_queue=CORE_QUEUE + queue_suffix,
        workflows=[Interpreter],
        activities=activities.core(),
        workflow_runner=runner() if sandboxed else UnsandboxedWorkflowRunner(),
        max_cached_workflows=cached_workflows,
        max_concurrent_workflow_tasks=100,
        max_concurrent_activities=100,
        max_concurrent_workflow_task_polls=10,
        max_concurrent_activity_task_polls=10,
        sticky_queue_schedule_to_start_timeout=dt.timedelta(seconds=2),
        graceful_shutdown_timeout=GRACE,
    )
    effects = Worker(
        client,
        task_queue=EFFECTS_QUEUE + queue_suffix,
        activities=activities.effects(),
        max_concurrent_activities=100,
        graceful_shutdown_timeout=GRACE,
    )
    async with core, effects:
        yield


async def serve(settings: Settings, client: Client, database_url: str, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then let what is running finish."""
    database = Database(database_url, pool_size=settings.database_pool, application_name="jidoka-worker")
    programs.install(program_source(database_url))
    actions = registry.default()
    instances = Instances(database, client, actions)
    equipment = equip(settings, database)
    bound = InstanceActivities(database=database, registry=actions, instances=instances, equipment=equipment)
    try:
        async with workers(client, bound), asyncio.TaskGroup() as beside:
            chores = [
                beside.create_task(Dispatcher(database, through(instances)).run()),
                beside.create_task(tidy(database)),
                beside.create_task(notifier(equipment).run()),
                beside.create_task(orphan_tasks.watch(equipment)),
                beside.create_task(checkpoints.run(database)),
            ]
            await stop.wait()
            for chore in chores:
                chore.cancel()
    finally:
        await database.close()


async def tidy(database: Database) -> None:
    """Once an hour, forget what is kept for a time: repeats, failed attempts, settled letters, signing sessions."""
    while True:
        try:
            async with database.system() as connection:
                await reservations.forget_expired(connection)
                await attempts.forget(connection, ATTEMPTS_KEPT)
                await signatures.forget_sessions(connection, SESSIONS_KEPT)
            await forget_letters(database)
        except Unavailable as away:
            _log.warning("could not tidy up: %s", away)
        await asyncio.sleep(TIDY_EVERY_S)
