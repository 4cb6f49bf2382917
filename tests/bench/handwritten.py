"""The yardstick: what a developer would write by hand for one process that toggles between two states.

Same update with validator, same lock, same commit activity with the same record, same search attribute, same limits
on a run. No definition, no expressions, no engine: the difference to the interpreter is the price of generality.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

from workflows.machine.course import COMMIT_RETRY, COMMIT_TIMEOUT
from workflows.messages import attributes
from workflows.messages.instance import (
    ACTIVITY_COMMIT,
    Command,
    InstanceInput,
    Outcome,
    StepReceipt,
    StepRecord,
)

NAME = "bench-hand-written"
STEPS_PER_RUN = 500
SEEN = 200
NEXT = {("idle", "toggle"): "busy", ("busy", "toggle"): "idle"}
STATE = SearchAttributeKey.for_keyword(attributes.STATE)


@workflow.defn(name=NAME)
class HandWritten:
    """One instance of the toggle."""

    @workflow.init
    def __init__(self, instance: InstanceInput) -> None:
        self._instance = instance
        self._state = "idle"
        self._data: dict[str, Any] = {"count": 0}
        if instance.snapshot:
            self._state, self._data = instance.snapshot["configuration"][0], instance.snapshot["data"]
        self._seq = instance.seq
        self._seen = dict(instance.seen)
        self._steps = 0
        self._lock = asyncio.Lock()

    @workflow.run
    async def run(self, instance: InstanceInput) -> None:
        await workflow.wait_condition(lambda: self._steps >= STEPS_PER_RUN)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(
            replace(instance, snapshot=self._snapshot(self._state, self._data), seq=self._seq, seen=self._seen)
        )

    @workflow.update(name="start")
    async def start(self, command: Command) -> Outcome:
        async with self._lock:
            return await self._commit(command, "idle", self._data, taken=["start"])

    @workflow.update(name="transition")
    async def transition(self, command: Command) -> Outcome:
        async with self._lock:
            if command.id in self._seen:
                return Outcome(**{**self._seen[command.id], "repeated": True})
            self.validate(command)
            data = {"count": self._data["count"] + 1}
            return await self._commit(command, NEXT[self._state, command.name], data, taken=[command.name])

    @transition.validator
    def validate(self, command: Command) -> None:
        if command.id in self._seen:
            return
        if (self._state, command.name) not in NEXT:
            raise ApplicationError("not now", type="TRANSITION_NOT_AVAILABLE", non_retryable=True)
        if "operator" not in command.actor["roles"]:
            raise ApplicationError("not you", type="FORBIDDEN", non_retryable=True)
        if self._data["count"] < 0:
            raise ApplicationError("not with these data", type="RULE_REFUSED", non_retryable=True)

    async def _commit(self, command: Command, state: str, data: dict[str, Any], *, taken: list[str]) -> Outcome:
        at = workflow.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        before = [self._state] if self._seq else []
        outcome = Outcome(self._seq + 1, before, [state], "running", at, taken, None, self._instance.number)
        record = StepRecord(
            tenant=self._instance.tenant,
            process=self._instance.process,
            digest=self._instance.digest,
            entity_id=self._instance.entity_id,
            number=self._instance.number,
            seq=self._seq + 1,
            command=asdict(command),
            at=at,
            before=before,
            after=[state],
            snapshot=self._snapshot(state, data),
            effects=[],
            taken=taken,
            previous_data=self._data if data != self._data else None,
        )
        await workflow.execute_activity(
            ACTIVITY_COMMIT,
            record,
            result_type=StepReceipt,
            start_to_close_timeout=COMMIT_TIMEOUT,
            retry_policy=COMMIT_RETRY,
        )
        self._state, self._data, self._seq, self._steps = state, data, self._seq + 1, self._steps + 1
        self._seen[command.id] = asdict(outcome)
        while len(self._seen) > SEEN:
            del self._seen[next(iter(self._seen))]
        workflow.upsert_search_attributes([STATE.value_set(state)])
        return outcome

    def _snapshot(self, state: str, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "status": "running",
            "configuration": [state],
            "history": {},
            "data": data,
            "number": self._instance.number,
            "entity_id": self._instance.entity_id,
            "tenant": self._instance.tenant,
            "timers": {},
            "tasks": {},
            "children": {},
            "pending": {},
            "completed": [],
            "incidents": {},
            "counters": {},
            "entered": {},
            "creator": "operator",
            "outcome": None,
            "result": None,
        }
