"""Starting and moving instances: what REST, the command line, timers of other instances and effects all go through.

Writes nothing itself: an instance writes its own steps. Reads SQL to find the instance, asks Temporal to act on it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import Client

from activities.actions.context import FactLook
from activities.actions.registry import Registry
from activities.services.sending import demand_size, start_operation, through_run_changes
from activities.store.database import Database
from activities.store.repositories import addresses, reservations
from workflows.definition import payload
from workflows.domain.errors import AlreadyExists, InstanceEnded, InvalidInput, NotFound
from workflows.engine.events import SYSTEM, Actor, Event, Verdict
from workflows.engine.facts import fact_calls, facts_needed
from workflows.engine.snapshot import Snapshot
from workflows.engine.tables import Chart
from workflows.engine.verdicts import available, judge_start
from workflows.engine.waiting import explain
from workflows.machine import programs
from workflows.messages.instance import (
    CORE_QUEUE,
    UPDATE_CANCEL,
    UPDATE_MESSAGE,
    UPDATE_REPAIR,
    UPDATE_START,
    UPDATE_TASK,
    UPDATE_TRANSITION,
    Command,
    EffectCall,
    InstanceInput,
    Outcome,
    workflow_id,
)


@dataclass(frozen=True, slots=True)
class Started:
    id: int
    number: str
    entity_type: str
    state: str
    """Sorted ids of active atomic states, joined with a comma."""
    repeated: bool
    """The same request had started it before."""


class Instances:
    """One per process; holds the shared client and database, no state of its own."""

    def __init__(
        self,
        database: Database,
        client: Client,
        registry: Registry,
        *,
        queue_suffix: str = "",
        steps_per_run: int = 500,
    ) -> None:
        self._database = database
        self._client = client
        self._registry = registry
        self._queue = CORE_QUEUE + queue_suffix
        self._steps_per_run = steps_per_run
        self.answer_within_s = 8.0
        """After that the caller is told that the command is accepted; it is carried out all the same."""

    async def start(
        self,
        tenant: str,
        process: str,
        data: dict[str, Any],
        *,
        actor: Actor,
        number: str | None = None,
        idempotency_key: str | None = None,
        parent: dict[str, Any] | None = None,
        entity_id: int | None = None,
    ) -> Started:
        """Start an instance of the published version of `process`.

        Args:
            number: business number; None: the next of the definition's series, or the entity id without one.
            idempotency_key: a repeat with the same key and request gets the same instance.
            parent: who waits for the end of this instance.
            entity_id: reserved before by the caller, who also made sure that it stands for this one request.

        Raises:
            NotFound: no published process of that name.
            NotAllowed: the definition does not let `actor` start it.
            InvalidInput: data against the schema.
            AlreadyExists: the number is taken; `details["id"]` is the instance that has it.
        """
        demand_size(data)
        request_hash = _hash({"process": process, "data": data, "number": number})
        key = f"start:{process}:{idempotency_key or uuid.uuid4().hex}"
        async with self._database.transaction(tenant) as connection:
            published = await addresses.published(connection, process)
            chart = await asyncio.to_thread(programs.chart, published.digest)
            judge_start(chart, actor).demand()
            accepted = _accepted(chart, data)
            if number is not None:
                await self._demand_free(connection, tenant, process, number, key, request_hash)
            reserved, chosen = await reservations.reserve_instance(
                connection,
                tenant,
                key,
                request_hash,
                process=process,
                digest=published.digest,
                at=dt.datetime.now(dt.UTC),
                number=number,
                pattern=chart.program.number,
                entity_id=entity_id,
            )
        instance = InstanceInput(
            tenant=tenant,
            process=process,
            digest=reserved.digest or published.digest,
            entity_id=reserved.entity_id,
            number=chosen,
            parent=parent,
            steps_per_run=self._steps_per_run,
        )
        outcome = await self._start(instance, Command(id=key, name="start", actor=actor.to_json(), data=accepted))
        repeated = outcome.repeated or not reserved.created
        return Started(reserved.entity_id, chosen, process, ",".join(outcome.state), repeated)

    async def _demand_free(
        self, connection: AsyncConnection, tenant: str, process: str, number: str, key: str, request_hash: str
    ) -> None:
        """A number that is taken is refused, unless this very request took it."""
        holder = await addresses.by_number(connection, process, number)
        if holder is None or await reservations.find(connection, tenant, key, request_hash) is not None:
            return
        raise AlreadyExists(f"{number} exists already", code="NUMBER_TAKEN", details={"id": holder, "number": number})

    async def transition(
        self,
        tenant: str,
        process: str,
        entity_id: int,
        code: str,
        data: dict[str, Any],
        *,
        actor: Actor,
        command_id: str | None = None,
        expected_seq: int | None = None,
        claim: bool = False,
        signature: dict[str, Any] | None = None,
    ) -> Outcome:
        """Take a transition, or cast the vote that it is; returns when its step is committed.

        Args:
            command_id: idempotency key; a repeat gets the stored outcome.
            expected_seq: refuse when the instance has moved on since the caller looked.
            claim: claim the task first, in the same step.
            signature: verified electronic signature of the actor, as in `Command.signature`.

        Raises:
            NotFound, InstanceEnded, UnknownTransition, NotAllowed, InvalidInput, RuleRefused, ExpressionFailed.
            StillWorking: accepted, but not carried out in time.
            Unavailable: Temporal or the database is away.
        """
        command = Command(
            id=command_id or uuid.uuid4().hex,
            name=code,
            actor=actor.to_json(),
            data=data,
            expected_seq=expected_seq,
            claim=claim,
            signature=signature,
        )
        return await self._command(tenant, process, entity_id, UPDATE_TRANSITION, command)

    async def task(
        self,
        tenant: str,
        process: str,
        entity_id: int,
        act: str,
        task: str,
        *,
        actor: Actor,
        to: str | None = None,
        reason: str | None = None,
        command_id: str | None = None,
        expected_seq: int | None = None,
    ) -> Outcome:
        """`claim`, `release` or `reassign` (to `user:NAME`, `role:NAME`, `group:NAME`) an open task.

        Raises:
            NotFound: no such instance or open task. InstanceEnded: the instance has ended.
            NotAllowed: no candidate, a certificate is missing, or kept apart by an earlier act.
            Conflict: somebody has it (ALREADY_CLAIMED), nobody has it, or everybody votes.
        """
        data = {"task": task, "to": to, "comment": reason}
        given = {name: value for name, value in data.items() if value is not None}
        command = Command(command_id or uuid.uuid4().hex, act, actor.to_json(), given, expected_seq=expected_seq)
        return await self._command(tenant, process, entity_id, UPDATE_TASK, command)

    async def cancel(
        self,
        tenant: str,
        process: str,
        entity_id: int,
        *,
        reason: str,
        actor: Actor,
        command_id: str | None = None,
    ) -> Outcome:
        """End an instance early: exit actions run, children are cancelled, timers dropped."""
        command = Command(command_id or uuid.uuid4().hex, "cancel", actor.to_json(), {"comment": reason})
        return await self._command(tenant, process, entity_id, UPDATE_CANCEL, command)

    async def repair(
        self,
        tenant: str,
        process: str,
        entity_id: int,
        incident: str,
        act: str,
        *,
        reason: str,
        actor: Actor,
        patch: dict[str, Any] | None = None,
        target: str | None = None,
        command_id: str | None = None,
    ) -> Outcome:
        """Act on an open incident: `retry`, `skip`, `patch` (JSON merge patch of the data) or `move` (to a state)."""
        data = {"incident": incident, "comment": reason, "patch": patch, "target": target}
        given = {name: value for name, value in data.items() if value is not None}
        command = Command(command_id or uuid.uuid4().hex, act, actor.to_json(), given)
        return await self._command(tenant, process, entity_id, UPDATE_REPAIR, command, ended_too=True)

    async def verdicts(self, tenant: str, process: str, entity_id: int, actor: Actor) -> list[Verdict]:
        """For each transition of the current state: whether `actor` may take it now, and if not why.

        Reads SQL only, so it answers while Temporal is away. Payloads are not judged.

        Raises:
            NotFound: the tenant has no such instance.
        """
        return available(*await self._seen(tenant, process, entity_id, actor))

    async def waiting(self, tenant: str, process: str, entity_id: int, actor: Actor) -> list[dict[str, Any]]:
        """Why the instance waits, as `workflows.engine.waiting.explain` says; from SQL only.

        Raises:
            NotFound: the tenant has no such instance.
        """
        return explain(*await self._seen(tenant, process, entity_id, actor))

    async def _seen(
        self, tenant: str, process: str, entity_id: int, actor: Actor
    ) -> tuple[Chart, Snapshot, Actor, str, dict[str, Any]]:
        """The instance as SQL has it, seen by an actor now, with the facts its transitions read."""
        async with self._database.transaction(tenant) as connection:
            found = await addresses.current(connection, process, entity_id)
            if found is None:
                raise NotFound(f"no {process} with id {entity_id}")
            chart = await asyncio.to_thread(programs.chart, found.digest)
            snapshot = Snapshot.from_json(found.snapshot)
            at = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            calls = fact_calls(chart, snapshot, facts_needed(chart, snapshot, None), Event("", at=at, actor=actor))
            look = FactLook(connection, tenant, process, entity_id)
            facts = {}
            for name, fact in calls.items():
                # A fact that cannot be had closes the transitions that read it, not the whole view.
                with suppress(InvalidInput):
                    facts[name] = await self._registry.resolve_fact(look, fact["call"], fact["with"])
        return chart, snapshot, actor, at, facts

    # --- on behalf of other instances -----------------------------------------------------------------------

    async def deliver(self, call: EffectCall) -> dict[str, Any]:
        """Carry a message, a child's end or a cancellation from one instance to another.

        Raises:
            NotFound: no such instance (yet).
            UnknownTransition: it does not listen to that event (yet).
            InstanceEnded: it never will.
        """
        effect = call.effect
        command = Command(
            id=call.key, name=effect.get("event") or "cancel", actor=SYSTEM.to_json(), data=effect.get("data") or {}
        )
        match effect["kind"]:
            case "child_ended":
                parent = effect["parent"]
                command.source = "child"
                await self._command(call.tenant, parent["process"], parent["entity_id"], UPDATE_MESSAGE, command)
            case "child_cancel":
                command.source = "message"
                async with self._database.transaction(call.tenant) as connection:
                    child = await addresses.child(connection, call.process, call.entity_id, effect["child"])
                if child is None:
                    return {"delivered": False, "reason": "the child was never started"}
                await self._command(call.tenant, child.process, child.entity_id, UPDATE_CANCEL, command)
            case _:
                command.source = "message"
                async with self._database.transaction(call.tenant) as connection:
                    target = await addresses.by_number(connection, effect["process"], effect["number"])
                if target is None:
                    raise NotFound(f"no {effect['process']} with number {effect['number']}", code="NO_RECEIVER")
                await self._command(call.tenant, effect["process"], target, UPDATE_MESSAGE, command)
        return {"delivered": True}

    async def start_from(self, call: EffectCall) -> dict[str, Any]:
        """Start a child or an independent instance that another instance asked for; repeats find the first."""
        effect = call.effect
        parent = None
        if effect["kind"] == "child_start":
            parent = {"process": call.process, "entity_id": call.entity_id, "child": effect["child"]}
        started = await self.start(
            call.tenant,
            effect["process"],
            effect.get("data") or {},
            actor=SYSTEM,
            number=effect.get("number"),
            idempotency_key=call.key,
            parent=parent,
        )
        return {"child": effect.get("child"), "id": started.id, "number": started.number, "state": started.state}

    # --- the way there --------------------------------------------------------------------------------------

    async def _start(self, instance: InstanceInput, command: Command) -> Outcome:
        async def once() -> Outcome:
            operation = start_operation(instance, self._queue)
            outcome: Outcome = await self._client.execute_update_with_start_workflow(
                UPDATE_START,
                command,
                start_workflow_operation=operation,
                id=command.id,
                result_type=Outcome,
                rpc_timeout=dt.timedelta(seconds=self.answer_within_s),
            )
            return outcome

        return await through_run_changes(once)

    async def _command(
        self,
        tenant: str,
        process: str,
        entity_id: int,
        update: str,
        command: Command,
        *,
        ended_too: bool = False,
    ) -> Outcome:
        """`ended_too`: an ended instance may still have incidents to repair."""
        demand_size(command.data)
        async with self._database.transaction(tenant) as connection:
            found = await addresses.find(connection, process, entity_id, command.id)
        if found is None:
            raise NotFound(f"no {process} with id {entity_id}")
        if found.outcome is not None:
            return found.outcome
        if found.status != "running" and not ended_too:
            raise InstanceEnded(f"{found.number} has ended ({found.status})")
        handle = self._client.get_workflow_handle(workflow_id(tenant, process, entity_id))

        async def once() -> Outcome:
            outcome: Outcome = await handle.execute_update(
                update,
                command,
                id=command.id,
                result_type=Outcome,
                rpc_timeout=dt.timedelta(seconds=self.answer_within_s),
            )
            return outcome

        return await through_run_changes(once)


def _accepted(chart: Chart, data: dict[str, Any]) -> dict[str, Any]:
    """Start data, normalised and held against the start form and the data schema."""
    program = chart.program
    if program.start_form is not None or program.start_require:
        data = payload.Acceptance(program.start_form or {}, require=program.start_require).accept(data)
    return payload.accept(chart.validator, data) if chart.validator else data


def _hash(request: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
