"""Child instances owned by a state: started when the step has come to rest in it, cancelled when it is left.

All ended, or `until` holds: internal event `done.invoke.<state>`. One failed: `error.invoke.<state>` where the
definition handles it, else an incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.definition.expressions import Expression, compile_expression
from workflows.definition.program import Invoke, State
from workflows.engine.actions import as_list
from workflows.engine.draft import Draft, child_view
from workflows.engine.values import Evaluate, compile_record

_OPEN = ("waiting", "running")
_REPORTS = {"child.done": "done", "child.failed": "failed", "child.cancelled": "cancelled"}


@dataclass(slots=True, eq=False)
class InvokePlan:
    model: Invoke
    of: Expression | None
    arguments: Evaluate
    until: Expression | None


def compile_invoke(state: State) -> InvokePlan | None:
    """The children of a state, their expressions compiled; only those of a list know an item."""
    invoke = state.invoke
    if invoke is None:
        return None
    names = (invoke.item,) if invoke.of is not None else ()
    return InvokePlan(
        model=invoke,
        of=compile_expression(invoke.of) if invoke.of is not None else None,
        arguments=compile_record(invoke.with_, names),
        until=compile_expression(invoke.until) if invoke.until is not None else None,
    )


def begin(draft: Draft, state: str, plan: InvokePlan) -> None:
    """Start the children of a state that has just been entered; those of an earlier stay are forgotten."""
    children = draft.own("children")
    for key in [key for key, child in children.items() if child["state"] == state]:
        del children[key]
    for index, data in enumerate(_start_data(draft, plan)):
        children[draft.next_number("child")] = {
            "state": state,
            "process": plan.model.process,
            "index": index,
            "data": data,
            "status": "waiting",
            "outcome": None,
            "result": None,
        }
    draft.stale()
    _start_waiting(draft, state, plan)
    if not _of(draft, state):
        _finish(draft, state, plan)


def _start_data(draft: Draft, plan: InvokePlan) -> list[dict[str, Any]]:
    if plan.of is None:
        return [plan.arguments(draft)]
    found = []
    for item in as_list(plan.of.value(draft.scope()), plan.of.source):
        earlier = draft.bind({plan.model.item: item})
        found.append(plan.arguments(draft))
        draft.names = earlier
        draft.stale()
    return found


def _of(draft: Draft, state: str) -> dict[str, dict[str, Any]]:
    return {key: child for key, child in draft.children.items() if child["state"] == state}


def _start_waiting(draft: Draft, state: str, plan: InvokePlan) -> None:
    waiting = [key for key, child in _of(draft, state).items() if child["status"] == "waiting"]
    for key in waiting[:1] if plan.model.sequential else waiting:
        start_child(draft, key)


def start_child(draft: Draft, key: str) -> None:
    """Ask for the start of a child that is known."""
    child = {**draft.children[key], "status": "running", "outcome": None, "result": None}
    draft.own("children")[key] = child
    draft.pend(
        {
            "kind": "child_start",
            "state": child["state"],
            "child": key,
            "process": child["process"],
            "data": child["data"],
            "index": child["index"],
        }
    )
    draft.stale()


def end(draft: Draft, state: str) -> None:
    """Cancel what still runs: the state is left, or its completion condition holds."""
    for key, child in _of(draft, state).items():
        if child["status"] in _OPEN:
            draft.own("children")[key] = {**child, "status": "cancelled"}
            if child["status"] == "running":
                draft.pend({"kind": "child_cancel", "state": state, "child": key})
    draft.stale()


def report(draft: Draft) -> bool:
    """Take note of `child.done`, `child.failed` or `child.cancelled`. False: nobody waits for it any more."""
    event = draft.event
    key = str(event.data.get("child", event.ref))
    child = draft.children.get(key)
    if child is None or child["status"] not in _OPEN:
        return False
    status = _REPORTS[event.name]
    ended = {**child, "status": status, "outcome": event.data.get("outcome"), "result": event.data.get("result")}
    draft.own("children")[key] = ended
    draft.stale()
    settle(draft, key)
    return True


def settle(draft: Draft, key: str) -> None:
    """What the end of one child means for its state: a failure, the next one, or the completion of all."""
    child = draft.children[key]
    state = child["state"]
    plan = draft.chart.nodes[draft.chart.number_of[state]].invoke
    if plan is None:
        return
    if child["status"] == "failed":
        _fail(draft, key, child, plan)
        return
    mine = _of(draft, state)
    statuses = [other["status"] for other in mine.values()]
    all_ended = all(status in ("done", "cancelled") for status in statuses)
    if all_ended or (plan.until is not None and _until_holds(draft, plan.until, mine)):
        _finish(draft, state, plan)
    elif plan.model.sequential and "running" not in statuses:
        _start_waiting(draft, state, plan)


def _until_holds(draft: Draft, until: Expression, mine: dict[str, dict[str, Any]]) -> bool:
    earlier = draft.bind({"children": [child_view(key, child) for key, child in mine.items()]})
    held = until.holds(draft.scope())
    draft.names = earlier
    draft.stale()
    return held


def _finish(draft: Draft, state: str, plan: InvokePlan) -> None:
    end(draft, state)
    results = [
        {"index": child["index"], "status": child["status"], "outcome": child["outcome"], "result": child["result"]}
        for child in _of(draft, state).values()
    ]
    data = {"children": results}
    if plan.of is None:
        data |= {"outcome": results[0]["outcome"], "result": results[0]["result"]}
    draft.internal.append((f"done.invoke.{state}", data))


def _fail(draft: Draft, key: str, child: dict[str, Any], plan: InvokePlan) -> None:
    error = draft.event.data.get("error") or {"code": "CHILD_FAILED", "message": "a child instance failed"}
    if plan.model.handles_failure:
        failure = {"child": key, "index": child["index"], "outcome": child["outcome"], "error": error}
        draft.internal.append((f"error.invoke.{child['state']}", failure))
    else:
        draft.open_incident(kind="child", ref=key, state=child["state"], error=error, event=None)
