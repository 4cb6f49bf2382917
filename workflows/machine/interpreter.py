"""The one workflow: it interprets any Program as one durable instance.

Order of one command: validator (refuses without a trace) -> lock -> judged again -> engine step on a value -> one
commit activity -> adopted -> effects, timers, children. Knows nothing of SQL; activities are called by name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio import workflow

from workflows.domain.errors import Conflict, ExpressionFailed, InstanceEnded, JidokaError, NotFound
from workflows.engine import repair as repairs
from workflows.engine.events import SYSTEM, Event, Step
from workflows.engine.step import cancel as cancel_step
from workflows.engine.step import start as start_step
from workflows.engine.step import step as engine_step
from workflows.engine.tasks import command as task_command
from workflows.engine.verdicts import judge
from workflows.machine import programs
from workflows.machine.course import COMMIT_RETRY, COMMIT_TIMEOUT, Course, Take
from workflows.machine.failures import draining, refusal
from workflows.machine.lanes import Lanes, effects_queue
from workflows.machine.timers import Timers
from workflows.messages.instance import (
    ACTIVITY_SEND,
    UPDATE_CANCEL,
    UPDATE_MESSAGE,
    UPDATE_REPAIR,
    UPDATE_START,
    UPDATE_TASK,
    UPDATE_TRANSITION,
    WORKFLOW,
    Command,
    EffectCall,
    InstanceInput,
    Outcome,
    workflow_id,
)


@workflow.defn(name=WORKFLOW)
class Interpreter:
    """One instance. `@workflow.init`, because an update may arrive with the start and is heard before `run`."""

    @workflow.init
    def __init__(self, instance: InstanceInput) -> None:
        self._course = Course(instance, programs.chart(instance.digest), self._adopted)
        self._lanes = Lanes(self._course)
        self._timers = Timers(self._course, lambda: self._draining or self._is_over())
        self._draining = False
        self._refused_to_start = False

    # --- life -----------------------------------------------------------------------------------------------

    @workflow.run
    async def run(self, instance: InstanceInput) -> dict[str, Any]:
        timers = asyncio.create_task(self._timers.watch())
        self._lanes.wake()
        while not self._is_over():
            try:
                await workflow.wait_condition(lambda: self._is_over() or self._wants_new_run())
            except asyncio.CancelledError:
                command = Command("cancelled-in-temporal", "cancel", SYSTEM.to_json(), source="temporal")
                await self._course.take_or_report(command, self._cancelled, "event")
                continue
            if not self._is_over():
                await self._renew()
        await timers
        await workflow.wait_condition(workflow.all_handlers_finished)
        if instance.parent and not self._refused_to_start:
            await self._tell_parent(instance.parent)
        snapshot = self._course.snapshot
        return {"status": snapshot.status, "outcome": snapshot.outcome, "seq": self._course.seq}

    def _is_over(self) -> bool:
        """Ended, and nothing it caused is left to do or to repair."""
        snapshot = self._course.snapshot
        ended = snapshot.status in ("done", "cancelled") and not snapshot.pending and not snapshot.incidents
        return self._refused_to_start or (ended and not self._course.busy())

    def _wants_new_run(self) -> bool:
        steps, enough = self._course.steps_this_run, self._course.instance.steps_per_run
        if steps < enough and not workflow.info().is_continue_as_new_suggested():
            return False
        # Effects in flight would be carried out a second time by the next run: wait for them, but not for ever.
        return self._lanes.idle() or steps >= 2 * enough

    async def _renew(self) -> None:
        """Continue as new with nothing lost: new commands are turned away for a moment, accepted ones finish."""
        self._draining = True
        await self._lanes.stop()
        await workflow.wait_condition(lambda: workflow.all_handlers_finished() and not self._course.busy())
        if not self._is_over():
            workflow.continue_as_new(self._course.carried())

    def _adopted(self) -> None:
        if not self._draining:
            self._lanes.wake()

    async def _tell_parent(self, parent: dict[str, Any]) -> None:
        instance, snapshot = self._course.instance, self._course.snapshot
        call = EffectCall(
            tenant=instance.tenant,
            process=instance.process,
            entity_id=instance.entity_id,
            number=instance.number,
            digest=instance.digest,
            effect={
                "kind": "child_ended",
                "parent": parent,
                "event": "child.done" if snapshot.status == "done" else "child.cancelled",
                "data": {
                    "child": parent["child"],
                    "outcome": snapshot.outcome,
                    "result": snapshot.result or {},
                },
            },
            key=f"{workflow_id(instance.tenant, instance.process, instance.entity_id)}:ended",
        )
        await workflow.execute_activity(
            ACTIVITY_SEND,
            call,
            task_queue=effects_queue(),
            start_to_close_timeout=COMMIT_TIMEOUT,
            retry_policy=COMMIT_RETRY,
        )

    # --- commands -------------------------------------------------------------------------------------------

    @workflow.update(name=UPDATE_START)
    async def start(self, command: Command) -> Outcome:
        try:
            return await self._course.take(command, self._started)
        except JidokaError as error:
            self._refused_to_start = self._course.seq == 0
            raise refusal(error) from error

    @workflow.update(name=UPDATE_TRANSITION)
    async def transition(self, command: Command) -> Outcome:
        return await self._answer(command, self._transitioned)

    @transition.validator
    def validate_transition(self, command: Command) -> None:
        self._validate(command, self._judge_transition)

    @workflow.update(name=UPDATE_MESSAGE)
    async def message(self, command: Command) -> Outcome:
        return await self._answer(command, self._noted if command.source == "child" else self._transitioned)

    @message.validator
    def validate_message(self, command: Command) -> None:
        self._validate(command, self._judge_running if command.source == "child" else self._judge_transition)

    @workflow.update(name=UPDATE_TASK)
    async def task(self, command: Command) -> Outcome:
        return await self._answer(command, self._tasked)

    @task.validator
    def validate_task(self, command: Command) -> None:
        self._validate(command, self._judge_task)

    @workflow.update(name=UPDATE_REPAIR)
    async def repair(self, command: Command) -> Outcome:
        return await self._answer(command, self._repaired)

    @repair.validator
    def validate_repair(self, command: Command) -> None:
        self._validate(command, self._judge_repair)

    @workflow.update(name=UPDATE_CANCEL)
    async def cancel(self, command: Command) -> Outcome:
        return await self._answer(command, self._cancelled)

    @cancel.validator
    def validate_cancel(self, command: Command) -> None:
        self._validate(command, self._judge_running)

    async def _answer(self, command: Command, take: Take) -> Outcome:
        try:
            return await self._course.take(command, take)
        except ExpressionFailed as error:
            await self._course.open_incident(command, "event", error)
            raise refusal(error) from error
        except JidokaError as error:
            raise refusal(error) from error

    # --- refusals: a validator's leave no trace in history ----------------------------------------------------

    def _validate(self, command: Command, judge_command: Callable[[Command], None]) -> None:
        if self._draining:
            raise draining()
        # While a step is being committed, SQL may show it already: the handler judges what it sees once it is adopted.
        if command.id in self._course.seen or self._course.busy():
            return
        try:
            self._course.demand_sequence(command)
            judge_command(command)
        except JidokaError as error:
            raise refusal(error) from error

    def _judge_running(self, _: Command) -> None:
        if self._course.seq == 0:
            raise Conflict("the instance has not been started yet", code="NOT_STARTED")
        status = self._course.snapshot.status
        if status != "running":
            raise InstanceEnded(f"{self._course.instance.number} has ended ({status})")

    def _judge_transition(self, command: Command) -> None:
        self._judge_running(command)
        course = self._course
        # Guards that read facts are judged by the handler, which may look the facts up.
        guards = not course.fact_calls(command)
        try:
            judge(course.chart, course.snapshot, course.event(command, {}), guards=guards).demand()
        except ExpressionFailed:
            return  # the handler meets it again and puts it on record as an incident

    def _judge_task(self, command: Command) -> None:
        self._judge_running(command)
        task_command(self._course.chart, self._course.snapshot, self._course.event(command, {}))

    def _judge_repair(self, command: Command) -> None:
        incident = command.data.get("incident")
        if incident not in self._course.snapshot.incidents:
            raise NotFound(f"no open incident {incident!r}", code="NO_SUCH_INCIDENT")

    # --- what a command does to the snapshot ------------------------------------------------------------------

    def _started(self, command: Command, event: Event) -> Step:
        if self._course.seq:
            raise Conflict("the instance has been started already", code="ALREADY_STARTED")
        instance = self._course.instance
        return start_step(
            self._course.chart,
            data=command.data,
            number=instance.number,
            entity_id=instance.entity_id,
            tenant=instance.tenant,
            at=event.at,
            actor=event.actor,
            facts=event.facts,
        )

    def _transitioned(self, command: Command, event: Event) -> Step:
        self._judge_running(command)
        judge(self._course.chart, self._course.snapshot, event).demand()
        return engine_step(self._course.chart, self._course.snapshot, event)

    def _noted(self, _: Command, event: Event) -> Step:
        return engine_step(self._course.chart, self._course.snapshot, event)

    def _tasked(self, command: Command, event: Event) -> Step:
        self._judge_running(command)
        return task_command(self._course.chart, self._course.snapshot, event)

    def _cancelled(self, command: Command, event: Event) -> Step:
        self._judge_running(command)
        return cancel_step(self._course.chart, self._course.snapshot, event)

    def _repaired(self, command: Command, event: Event) -> Step:
        self._judge_repair(command)
        chart, snapshot, data = self._course.chart, self._course.snapshot, command.data
        incident = str(data["incident"])
        match command.name:
            case "retry":
                return repairs.retry(chart, snapshot, incident, event)
            case "skip":
                return repairs.skip(chart, snapshot, incident, event)
            case "patch":
                return repairs.patch(chart, snapshot, data.get("patch") or {}, event)  # the incident waits for a retry
            case "move":
                return repairs.move(chart, snapshot, str(data.get("target")), event, incident_id=incident)
            case other:
                raise NotFound(f"no repair called {other!r}; known: retry, skip, patch, move", code="NO_SUCH_REPAIR")
