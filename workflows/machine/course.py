"""The course of one instance: its committed snapshot and the one way to move it on.

Everything that changes an instance, from people, timers, effects or other instances, goes through `take`: one at a
time under a lock, judged on the snapshot as it is then, committed to SQL by one activity, and adopted only after that.
What the commit refuses has not happened.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError

from workflows.domain.errors import Conflict, JidokaError
from workflows.engine import repair as repairs
from workflows.engine.events import Actor, Event, Step
from workflows.engine.facts import fact_calls, facts_at_start, facts_needed
from workflows.engine.snapshot import Snapshot
from workflows.engine.tables import Chart
from workflows.machine.failures import refused
from workflows.messages import attributes
from workflows.messages.instance import (
    ACTIVITY_COMMIT,
    ACTIVITY_FACTS,
    Command,
    FactsCall,
    InstanceInput,
    Outcome,
    StepReceipt,
    StepRecord,
)

SEEN = 200
"""Outcomes kept for repeated commands; older ones are answered from the step log by whoever asks."""

COMMIT_TIMEOUT = dt.timedelta(seconds=10)
COMMIT_RETRY = RetryPolicy(
    initial_interval=dt.timedelta(milliseconds=200),
    backoff_coefficient=2,
    maximum_interval=dt.timedelta(seconds=30),
)
"""Without end: while SQL is away the instance waits, and finishes the step when it is back."""
FACTS_RETRY = RetryPolicy(initial_interval=dt.timedelta(milliseconds=200), maximum_attempts=5)

STATE = SearchAttributeKey.for_keyword(attributes.STATE)
INCIDENT = SearchAttributeKey.for_bool(attributes.INCIDENT)

Take = Callable[[Command, Event], Step]
"""Computes the step of a command on the current snapshot; changes nothing. Raises JidokaError to refuse."""


class Course:
    """Holds no decision of the process; those are the engine's."""

    def __init__(self, instance: InstanceInput, chart: Chart, adopted: Callable[[], None]) -> None:
        self.instance = instance
        self.chart = chart
        self.snapshot = Snapshot.from_json(instance.snapshot) if instance.snapshot else Snapshot()
        self.seq = instance.seq
        self.seen = dict(instance.seen)
        self.steps_this_run = 0
        self._lock = asyncio.Lock()
        self._adopted = adopted

    def busy(self) -> bool:
        """A command is being taken."""
        return self._lock.locked()

    def carried(self) -> InstanceInput:
        """Input of the next run: nothing is lost."""
        return replace(self.instance, snapshot=self.snapshot.to_json(), seq=self.seq, seen=self.seen)

    async def take(self, command: Command, take: Take) -> Outcome:
        """Carry out `command` once; a repeat gets the stored outcome.

        Raises:
            JidokaError: refused by `take`, by a sql action or by the store; nothing has changed.
        """
        async with self._lock:
            stored = self.seen.get(command.id)
            if stored is not None:
                return Outcome(**{**stored, "repeated": True})
            self.demand_sequence(command)
            event = self.event(command, await self._facts(command))
            return await self._commit(command, event, take(command, event))

    async def take_or_report(self, command: Command, take: Take, kind: str) -> None:
        """Like `take` for what comes from within: there is nobody to refuse, so what fails becomes an incident."""
        try:
            await self.take(command, take)
        except JidokaError as error:
            await self.open_incident(command, kind, error)

    async def open_incident(
        self, command: Command, kind: str, error: JidokaError, *, state: str | None = None, again: bool = True
    ) -> None:
        """Put on record, for people to repair, that `command` could not be taken.

        Args:
            again: a retry takes the command's event again; False: it repeats the effect that failed.
        """
        async with self._lock:
            event = self.event(command, {})
            if kind == "event" and any(_same(incident, event, error) for incident in self.snapshot.incidents.values()):
                return
            step = repairs.open_incident(
                self.chart,
                self.snapshot,
                kind=kind,
                ref=command.ref,
                state=state,
                error={"code": error.code, "message": error.message, "details": error.details},
                event=event if again else None,
                at=event.at,
            )
            await self._commit(replace(command, id=f"{command.id}:incident:{self.seq}"), event, step, visible=True)

    def event(self, command: Command, facts: dict[str, Any]) -> Event:
        """The engine's view of a command, at the workflow's time."""
        return Event(
            name=command.name,
            data=command.data,
            at=workflow.now().isoformat(timespec="microseconds").replace("+00:00", "Z"),
            actor=Actor.from_json(command.actor),
            facts=facts,
            ref=command.ref,
            claim=command.claim,
            signature=command.signature,
        )

    def fact_calls(self, command: Command) -> dict[str, dict[str, Any]]:
        """Look-ups that the command's step may need; none for most."""
        if not self.chart.program.facts:
            return {}
        names = facts_needed(self.chart, self.snapshot, command.name) if self.seq else facts_at_start(self.chart)
        return fact_calls(self.chart, self.snapshot, names, self.event(command, {})) if names else {}

    def demand_sequence(self, command: Command) -> None:
        """Optimistic locking, where the caller asked for it."""
        if command.expected_seq is not None and command.expected_seq != self.seq:
            raise Conflict(
                f"the instance is at step {self.seq}, not {command.expected_seq}",
                code="STALE",
                details={"seq": self.seq},
            )

    async def _facts(self, command: Command) -> dict[str, Any]:
        """Facts that the step may read, looked up now and kept in history."""
        calls = self.fact_calls(command)
        if not calls:
            return {}
        instance = self.instance
        try:
            found: dict[str, Any] = await workflow.execute_activity(
                ACTIVITY_FACTS,
                FactsCall(instance.tenant, instance.process, instance.entity_id, calls),
                result_type=dict[str, Any],
                start_to_close_timeout=COMMIT_TIMEOUT,
                retry_policy=FACTS_RETRY,
            )
        except ActivityError as failure:
            raise _known(failure, "facts could not be looked up") from failure
        return found

    async def _commit(self, command: Command, event: Event, step: Step, *, visible: bool = False) -> Outcome:
        """Write the step, then adopt it. Bookkeeping that changes nothing visible is adopted without a row."""
        before = self.chart.atomic(self.snapshot.configuration)
        after = self.chart.atomic(step.snapshot.configuration)
        outcome = Outcome(
            seq=self.seq + 1,
            previous_state=before,
            state=after,
            status=step.snapshot.status,
            at=event.at,
            taken=step.taken,
            task=_last_task(step.snapshot),
            number=self.instance.number,
            on_behalf_of=step.on_behalf_of,
        )
        if not (visible or step.taken or step.effects or step.entered or step.exited or command.source == "api"):
            self.snapshot = step.snapshot
            self._adopted()
            return replace(outcome, seq=self.seq)
        try:
            await workflow.execute_activity(
                ACTIVITY_COMMIT,
                self._record(command, event, step, before, after),
                result_type=StepReceipt,
                start_to_close_timeout=COMMIT_TIMEOUT,
                retry_policy=COMMIT_RETRY,
            )
        except ActivityError as failure:
            raise _known(failure, "the step could not be committed") from failure
        self._remember(command.id, outcome)
        self._adopt(step)
        return outcome

    def _record(self, command: Command, event: Event, step: Step, before: list[str], after: list[str]) -> StepRecord:
        instance, seq = self.instance, self.seq + 1
        return StepRecord(
            tenant=instance.tenant,
            process=instance.process,
            digest=instance.digest,
            entity_id=instance.entity_id,
            number=instance.number,
            seq=seq,
            command=_kept(command, step),
            at=event.at,
            before=before,
            after=after,
            snapshot=step.snapshot.to_json(),
            effects=step.effects,
            taken=step.taken,
            previous_data=self.snapshot.data if step.snapshot.data != self.snapshot.data else None,
            parent=instance.parent if seq == 1 else None,
            on_behalf_of=step.on_behalf_of,
        )

    def _adopt(self, step: Step) -> None:
        was = self.snapshot
        self.snapshot = step.snapshot
        self.seq += 1
        self.steps_this_run += 1
        updates: list[Any] = []
        if step.snapshot.configuration != was.configuration:
            shown = ",".join(self.chart.atomic(step.snapshot.configuration))
            updates.append(STATE.value_set(shown[: attributes.LONGEST]))
        if bool(step.snapshot.incidents) != bool(was.incidents):
            updates.append(INCIDENT.value_set(bool(step.snapshot.incidents)))
        if updates:
            workflow.upsert_search_attributes(updates)
        self._adopted()

    def _remember(self, command_id: str, outcome: Outcome) -> None:
        self.seen[command_id] = asdict(outcome)
        while len(self.seen) > SEEN:
            del self.seen[next(iter(self.seen))]


def _kept(command: Command, step: Step) -> dict[str, Any]:
    """The command as it goes into the log: of those the actor may act for, only the one he did act for."""
    kept = asdict(command)
    actor = {name: value for name, value in command.actor.items() if name != "acts_for"}
    kept["actor"] = actor | ({"on_behalf_of": step.on_behalf_of} if step.on_behalf_of else {})
    return kept


def _same(incident: dict[str, Any], event: Event, error: JidokaError) -> bool:
    """The incident says already that this event fails in this way."""
    stored = incident["event"] or {}
    return bool(stored.get("name") == event.name and incident["error"]["code"] == error.code)


def _last_task(snapshot: Snapshot) -> dict[str, Any] | None:
    """The task opened last, without its form: what the caller is told about who is next."""
    if not snapshot.tasks:
        return None
    task_id = next(reversed(snapshot.tasks))
    task = snapshot.tasks[task_id]
    return {
        "task": task_id,
        "state": task["state"],
        "assignee": task["assignee"],
        "candidates": task["candidates"],
    }


def _known(failure: ActivityError, message: str) -> JidokaError:
    """The refusal an activity gave, or a plain failure that says what stopped it."""
    return refused(failure) or JidokaError(message, code="ACTIVITY_FAILED", details={"cause": str(failure.cause)[:500]})
