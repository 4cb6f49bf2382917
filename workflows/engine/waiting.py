"""Why an instance waits: for whom or what, since when, until when, what happens then, what the caller can do.

That every state of a process has an answer is proved by `workflows.definition.checks.waiting`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workflows.engine.draft import Draft
from workflows.engine.events import Actor, Event
from workflows.engine.permissions import either, in_words
from workflows.engine.snapshot import Snapshot
from workflows.engine.tables import Chart, Node
from workflows.engine.verdicts import available


def explain(
    chart: Chart, snapshot: Snapshot, actor: Actor, at: str, facts: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """One entry for each active atomic state, in document order; none for an instance that has ended.

    Each: {"state", "title", "since", "waits_for": texts, "until": the next due time or None, "why": how it came
    about or None, "then": text or None, "you_can": transition codes that the actor may take now}.
    """
    if snapshot.status != "running":
        return []
    draft = Draft(chart, snapshot, Event("", {}, at, actor))
    allowed = {verdict.code for verdict in available(chart, snapshot, actor, at, facts or {}) if verdict.allowed}
    atomic = (chart.nodes[number] for number in draft.configuration if chart.nodes[number].atomic)
    return [_entry(draft, node, allowed) for node in atomic]


def _entry(draft: Draft, node: Node, allowed: set[str]) -> dict[str, Any]:
    nodes, snapshot = draft.chart.nodes, draft.base
    around = [nodes[number] for number in (node.number, *node.path)]
    ids = {state.id for state in around}
    tasks = [task for task in snapshot.tasks.values() if task["state"] in ids]
    codes = [arc.model.code for state in around for arc in state.arcs]
    until, why, then = _deadline(snapshot, ids, tasks)
    return {
        "state": node.id,
        "title": (node.model.title if node.model else None) or in_words(node.id),
        "since": snapshot.entered.get(node.id),
        "waits_for": [*_reasons(draft, ids, tasks)] or _for_acts(around) or [_for_others(draft, node)],
        "until": until,
        "why": why,
        "then": then,
        "you_can": [code for code in dict.fromkeys(codes) if code in allowed],
    }


def _reasons(draft: Draft, ids: set[str], tasks: list[dict[str, Any]]) -> Iterator[str]:
    """What is open: incidents first, for nothing goes on without them; then people, actions, children, timers."""
    snapshot = draft.base
    for incident in snapshot.incidents.values():
        if incident["state"] is None or incident["state"] in ids:
            yield f"the repair of an incident: {incident['error'].get('message', incident['error'].get('code'))}"
    for task in tasks:
        yield _for_task(task)
    for effect in snapshot.pending.values():
        if effect.get("state") in ids and effect["kind"] in ("do", "send", "start"):
            yield f"{effect.get('action') or effect.get('process')} to be done"
    for child in snapshot.children.values():
        if child["state"] in ids and child["status"] in ("waiting", "running"):
            yield f"{in_words(child['process'])} {child['index'] + 1} ({child['status']})"
    for paused in snapshot.paused.values():
        if paused["state"] in ids:
            yield "a clock that stands still"
    for timer in snapshot.timers.values():
        if timer["state"] in ids and not tasks:
            yield f"the time {timer['due']}"


def _for_task(task: dict[str, Any]) -> str:
    who = _people(task["candidates"])
    if "votes" in task:
        voted = ", ".join(in_words(name) for name in task["votes"])
        return f"votes of {who} on {task['title']!r}; voted: {voted}"
    if task["assignee"] is not None:
        return f"{in_words(task['assignee'])} to complete {task['title']!r}"
    return f"{who} to complete {task['title']!r}"


def _for_acts(around: list[Node]) -> list[str]:
    """People who may take a transition without having a task."""
    found = []
    for node in around:
        for arc in node.arcs:
            words = [word for word in arc.by if word != "system"]
            if arc.model.code is not None and words:
                found.append(f"{_people(words)}: {arc.model.title or in_words(arc.model.code)}")
    return list(dict.fromkeys(found))


def _for_others(draft: Draft, node: Node) -> str:
    """In a parallel state a region waits for the others; else for what only the system brings."""
    nodes = draft.chart.nodes
    parallel = next((nodes[number] for number in node.path if nodes[number].kind == "parallel"), None)
    if node.final and parallel is not None:
        return f"the other parts of {in_words(parallel.id)}"
    around = [nodes[number] for number in (node.number, *node.path)]
    awaited = [f"the event {event}" for owner in around for arc in owner.arcs for event in arc.descriptors]
    awaited += [
        f"that {arc.guard.source}" for owner in around for arc in owner.arcs if arc.guard and not arc.descriptors
    ]
    return either(list(dict.fromkeys(awaited))) if awaited else "nothing: there is no way out"


def _deadline(
    snapshot: Snapshot, ids: set[str], tasks: list[dict[str, Any]]
) -> tuple[str | None, str | None, str | None]:
    """The next time at which something happens by itself, and what."""
    due = [(task["due_at"], task.get("due_why"), f"{task['title']!r} is late") for task in tasks if task["due_at"]]
    due += [
        (timer["due"], None, f"{in_words(timer['event'])} by itself")
        for timer in snapshot.timers.values()
        if timer["state"] in ids
    ]
    return min(due, key=lambda item: item[0]) if due else (None, None, None)


def _people(words: list[str] | tuple[str, ...]) -> str:
    return either([in_words(word.partition(":")[2] or word) for word in words])
