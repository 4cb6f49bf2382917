"""Incidents and what people do about them: retry, skip, patch the data, move to another state.

Who may and why is audited elsewhere; here is only what each of them means for the instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from workflows.definition.payload import Acceptance, normalise
from workflows.definition.program import Cel, Items, Record, Text, Transition, Value
from workflows.domain.errors import ExpressionFailed, InstanceEnded, InvalidInput, NotFound
from workflows.engine import children
from workflows.engine.draft import Draft
from workflows.engine.events import Event, Step
from workflows.engine.interpreter import settle, take_arc
from workflows.engine.snapshot import Snapshot
from workflows.engine.step import finish, step
from workflows.engine.tables import ROOT, Arc, Chart
from workflows.engine.values import compile_record
from workflows.engine.verdicts import reads_event


def open_incident(
    chart: Chart,
    snapshot: Snapshot,
    *,
    kind: str,
    ref: str | None,
    state: str | None,
    error: dict[str, Any],
    event: Event | None,
    at: str,
) -> Step:
    """Note that something failed for good. `kind`: effect, timer, child or event; `event`: what could not be taken."""
    draft = Draft(chart, snapshot, Event("incident", at=at))
    stored = event.to_json() if event is not None else None
    draft.open_incident(kind=kind, ref=ref, state=state, error=error, event=stored)
    return draft.finished()


def retry(chart: Chart, snapshot: Snapshot, incident_id: str, event: Event) -> Step:
    """Try again what failed: the effect with the data of now, the child anew, the event at the new time.

    Raises:
        NotFound: no such incident. ExpressionFailed and others: the event still cannot be taken.
    """
    incident, cleared = _clear(chart, snapshot, incident_id, event)
    if incident["event"] is not None:
        return _take_again(chart, cleared.finished().snapshot, incident, event)
    ref = incident["ref"]
    if incident["kind"] == "child" and ref in cleared.children:
        children.start_child(cleared, ref)
    elif ref in cleared.pending:
        effect = cleared.pending[ref]
        again = {**_renewed(cleared, effect), "attempt_round": effect.get("attempt_round", 0) + 1}
        cleared.own("pending")[ref] = again
        cleared.effects.append(again)
    return cleared.finished()


def _renewed(draft: Draft, effect: dict[str, Any]) -> dict[str, Any]:
    """The effect with its arguments as the data are now, for they may have been patched; those taken from the event
    of then, or from a loop, stay as they were."""
    do = draft.chart.dos.get(effect.get("def", ""))
    if do is None or any(reads_event(source) for source in _sources(do.with_)):
        return effect
    try:
        return {**effect, "with": compile_record(do.with_)(draft)}
    except (ExpressionFailed, InvalidInput):
        return effect


def _sources(values: dict[str, Value]) -> Iterator[str]:
    for value in values.values():
        match value:
            case Cel(source=source):
                yield source
            case Text(parts=parts):
                yield from parts[1::2]
            case Record(fields=inner):
                yield from _sources(inner)
            case Items(items=items):
                yield from _sources(dict(zip(map(str, range(len(items))), items, strict=True)))


def skip(chart: Chart, snapshot: Snapshot, incident_id: str, event: Event) -> Step:
    """Go on as if it had worked: an effect or child counts as done with an empty result, an event as discarded.

    Raises:
        NotFound: no such incident.
    """
    incident, cleared = _clear(chart, snapshot, incident_id, event)
    ref = incident["ref"]
    if incident["kind"] == "child" and ref in cleared.children:
        cleared.own("children")[ref] = {**cleared.children[ref], "status": "done", "outcome": None, "result": {}}
        children.settle(cleared, ref)
        settle(cleared)
        return finish(cleared)
    if incident["event"] is not None:
        if ref in cleared.timers:
            del cleared.own("timers")[ref]
        cleared.own("pending").pop(ref, None)
        return cleared.finished()
    effect = cleared.pending.get(ref)
    if effect is None:
        return cleared.finished()
    name = f"done.do.{effect['def']}" if effect["kind"] == "do" else f"done.{effect['kind']}"
    skipped = Event(name, {}, event.at, facts=event.facts, ref=ref)
    return step(chart, cleared.finished().snapshot, skipped)


def patch(
    chart: Chart, snapshot: Snapshot, data_patch: dict[str, Any], event: Event, *, incident_id: str | None = None
) -> Step:
    """Change the data by a JSON merge patch (RFC 7396); eventless transitions may follow. Clears the incident given.

    Raises:
        InvalidInput (`DATA_INVALID`): the patched data break the schema.
    """
    draft = _draft(chart, snapshot, event, incident_id)
    data = normalise(chart.program.data_schema, merged(draft.data, data_patch))
    draft.own("data").clear()
    draft.data.update(data)
    draft.stale()
    settle(draft)
    return finish(draft)


def move(chart: Chart, snapshot: Snapshot, target: str, event: Event, *, incident_id: str | None = None) -> Step:
    """Leave what stands in the way and enter `target`, with exit and entry actions. Other regions stay.

    Raises:
        NotFound: no such state.
        InvalidInput: the target is a history state without meaning here.
    """
    number = chart.number_of.get(target)
    if number is None:
        raise NotFound(f"the process has no state {target!r}")
    draft = _draft(chart, snapshot, event, incident_id)
    model = Transition(id=f"move/{target}", targets=(target,))
    take_arc(draft, _move_arc(draft, model, number))
    return finish(draft)


def _move_arc(draft: Draft, model: Transition, target: int) -> Arc:
    nodes = draft.chart.nodes
    if nodes[target].kind == "history":
        raise InvalidInput(f"{model.targets[0]!r} is a history state: name the state itself")
    active = draft.configuration
    limit = next((at for at in nodes[target].path if at in active and nodes[at].kind == "compound"), ROOT)
    return Arc(model, model.id, limit, (), None, (target,), False, (), (), Acceptance({}), domain=limit)


def merged(value: Any, change: Any) -> Any:
    """JSON merge patch: maps merge, null removes, anything else replaces."""
    if not isinstance(change, dict):
        return change
    result = dict(value) if isinstance(value, dict) else {}
    for key, item in change.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), item)
    return result


def _draft(chart: Chart, snapshot: Snapshot, event: Event, incident_id: str | None) -> Draft:
    if snapshot.status != "running":
        raise InstanceEnded(f"the instance is {snapshot.status}")
    if incident_id is None:
        return Draft(chart, snapshot, event)
    incident, draft = _clear(chart, snapshot, incident_id, event)
    draft.own("pending").pop(incident["ref"], None)
    return draft


def _clear(chart: Chart, snapshot: Snapshot, incident_id: str, event: Event) -> tuple[dict[str, Any], Draft]:
    if incident_id not in snapshot.incidents:
        raise NotFound(f"the instance has no open incident {incident_id!r}")
    draft = Draft(chart, snapshot, event)
    return draft.own("incidents").pop(incident_id), draft


def _take_again(chart: Chart, snapshot: Snapshot, incident: dict[str, Any], event: Event) -> Step:
    stored = Event.from_json(incident["event"])
    return step(chart, snapshot, replace(stored, at=event.at, facts={**stored.facts, **event.facts}))
