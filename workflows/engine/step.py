"""The state machine: start, step and cancel an instance. Pure functions over snapshots.

An exception means that nothing has happened: the snapshot given is never changed.
"""

from __future__ import annotations

from typing import Any

from workflows.definition.payload import normalise
from workflows.domain.errors import InstanceEnded
from workflows.engine import children, clocks
from workflows.engine.actions import remember
from workflows.engine.draft import Draft
from workflows.engine.events import Actor, Event, Step
from workflows.engine.interpreter import complete, enter_initial, leave_all, settle, take
from workflows.engine.lifecycle import open_timer
from workflows.engine.snapshot import Snapshot
from workflows.engine.standing import persons, standing_to_start
from workflows.engine.tables import Chart
from workflows.engine.tasks import claim_first
from workflows.engine.values import compile_record

_CHILD_ENDED = ("child.done", "child.failed", "child.cancelled")
_BOOKKEEPING = ("done.send", "done.start", "child.started", "done.child_cancel")
"""Reports that are only taken note of; no transition sees them."""


def start(
    chart: Chart,
    *,
    data: dict[str, Any],
    number: str,
    entity_id: int,
    tenant: str,
    at: str,
    actor: Actor,
    facts: dict[str, Any] | None = None,
) -> Step:
    """A new instance at rest in its first states. `event` in expressions is the start data.

    Raises:
        ExpressionFailed, RuleRefused (`MICROSTEP_BOUND`), InvalidInput (`DATA_INVALID`).
    """
    data = normalise(chart.program.data_schema, dict(data))
    base = Snapshot(number=number, entity_id=entity_id, tenant=tenant, creator=actor.username)
    draft = Draft(chart, base, Event("start", data, at, actor, facts or {}))
    draft.status = "running"
    draft.principal = standing_to_start(chart, actor).principal
    starters = persons(actor, draft.principal)
    if starters != [actor.username]:
        draft.own("doers")["start"] = starters
    for name, evaluate in chart.data:
        draft.assign((name,), evaluate(draft))
    draft.own("data").update(data)
    draft.stale()
    enter_initial(draft)
    return finish(draft)


def step(chart: Chart, snapshot: Snapshot, event: Event) -> Step:
    """One external event, run to completion; an event nobody takes gives a step that took nothing.

    Raises:
        ExpressionFailed, RuleRefused (`MICROSTEP_BOUND`), InvalidInput (`DATA_INVALID`).
    """
    draft = Draft(chart, snapshot, event)
    payload = chart.normal(draft.configuration, event.name, event.data)
    goes_on = True
    if event.ref is not None or event.name in _CHILD_ENDED:
        goes_on = _note(draft)
    if draft.status == "running":
        if event.claim:
            claim_first(draft)
        if goes_on:
            take(draft, event.name, payload, by_actor=event.actor.kind != "system")
        elif draft.internal:
            settle(draft)
    return finish(draft)


def cancel(chart: Chart, snapshot: Snapshot, event: Event) -> Step:
    """End an instance early: exit actions run, children and timers are cancelled, effects under way are kept.

    Raises:
        InstanceEnded: it has ended already.
    """
    if snapshot.status != "running":
        raise InstanceEnded(f"the instance is {snapshot.status}")
    draft = Draft(chart, snapshot, event)
    leave_all(draft)
    draft.status = "cancelled"
    for incident in draft.incidents.values():
        draft.own("pending").pop(incident["ref"], None)
    draft.own("incidents").clear()
    return finish(draft)


def finish(draft: Draft) -> Step:
    """Closes an instance that has reached its end in this step, and gives the step."""
    if draft.status == "done" and draft.base.status != "done":
        complete(draft)
    clocks.stand_still(draft)
    return draft.finished()


def _start_again(draft: Draft, timer: str, state: str | None) -> None:
    """A timer that goes off again and again; leaving its state ends it like any other."""
    plans = draft.chart.nodes[draft.chart.number_of[state]].timers if state in draft.chart.number_of else ()
    for plan in plans:
        if plan.id == timer and plan.every:
            open_timer(draft, str(state), plan)


def _note(draft: Draft) -> bool:
    """Forget what the event reports on. False: the event is not for the chart, or a report nobody waits for."""
    event = draft.event
    if event.name in _CHILD_ENDED:
        children.report(draft)
        return False
    if event.ref in draft.timers:
        fired = draft.own("timers").pop(event.ref)
        _start_again(draft, event.ref, fired["state"])
        return True
    if event.ref not in draft.pending:
        return False
    effect = draft.own("pending").pop(event.ref)
    done = draft.chart.dos.get(effect.get("def", ""))
    if done is not None and done.compensate is not None and event.name.startswith("done.do."):
        draft.see(event.name, event.data)
        remember(draft, effect["id"], done.compensate, compile_record(done.compensate.with_)(draft))
    return event.name not in _BOOKKEEPING
