"""How commands travel to an instance: how large they may be, how one is started, what happens between two runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.client import WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from activities.temporal import RunChanging, translated
from workflows.domain.errors import PayloadTooLarge, Unavailable
from workflows.messages import attributes
from workflows.messages.instance import WORKFLOW, InstanceInput, Outcome, workflow_id

LARGEST_COMMAND = 64 * 1024
"""Bytes of JSON; more belongs into files. Temporal itself gets stuck at 2 MB."""
RUN_CHANGE_TRIES = 60
RUN_CHANGE_WAIT_S = 0.05

TENANT = SearchAttributeKey.for_keyword(attributes.TENANT)
PROCESS = SearchAttributeKey.for_keyword(attributes.PROCESS)
NUMBER = SearchAttributeKey.for_keyword(attributes.NUMBER)


def start_operation(instance: InstanceInput, queue: str) -> WithStartWorkflowOperation[Any, Any]:
    """The start of an instance's workflow, to go with its first update; a running one is used as it is."""
    return WithStartWorkflowOperation(
        WORKFLOW,
        instance,
        id=workflow_id(instance.tenant, instance.process, instance.entity_id),
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(TENANT, instance.tenant[: attributes.LONGEST]),
                SearchAttributePair(PROCESS, instance.process[: attributes.LONGEST]),
                SearchAttributePair(NUMBER, instance.number[: attributes.LONGEST]),
            ]
        ),
        static_summary=f"{instance.process} {instance.number}"[:200],
    )


async def through_run_changes(once: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Send again, with the same id, while the instance is between two runs.

    Raises:
        Unavailable: it does not come back.
    """
    for _ in range(RUN_CHANGE_TRIES):
        try:
            async with translated():
                return await once()
        except RunChanging:
            await asyncio.sleep(RUN_CHANGE_WAIT_S)
    raise Unavailable("the instance does not take commands at the moment", details={"retry_after_s": 5})


def demand_size(data: dict[str, Any]) -> None:
    """Refuses what is larger than a command may be.

    Raises:
        PayloadTooLarge: with the size and the bound.
    """
    size = len(json.dumps(data))
    if size > LARGEST_COMMAND:
        raise PayloadTooLarge(
            f"the data are {size} bytes of JSON, at most {LARGEST_COMMAND} are taken",
            violations=[{"field": "data", "value": size, "constraint": f"at most {LARGEST_COMMAND} bytes"}],
        )
