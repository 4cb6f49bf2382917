"""The SCXML algorithm (W3C SCXML, Appendix D) over a draft: micro-steps until the instance has come to rest.

Names follow the appendix where it has one. Decisions it leaves open are in `definitions/README.md`.
"""

from __future__ import annotations

from bisect import insort
from typing import Any

from workflows.domain.errors import RuleRefused
from workflows.engine import children, lifecycle, signing, votes
from workflows.engine.chart import domain as domain_of
from workflows.engine.draft import Draft
from workflows.engine.entry_set import EntrySet
from workflows.engine.standing import note_doer, standing
from workflows.engine.tables import ROOT, Arc, EntryPlan, Node


def enter_initial(draft: Draft) -> None:
    """From nothing into the initial states, then to rest."""
    for run in draft.chart.script:
        run(draft)
    initial = draft.chart.initial
    assert initial is not None, "a built chart has its initial transition"
    _microstep(draft, (initial,))
    draft.taken.clear()
    settle(draft)


def take(draft: Draft, name: str, payload: Any, *, by_actor: bool) -> None:
    """One external event, then to rest. `by_actor`: only transitions the event's actor may take are looked at."""
    draft.see(name, payload)
    arcs = _select(draft, name, by_actor)
    if by_actor:
        arcs = _acted(draft, arcs)
    if arcs:
        _microstep(draft, arcs)
    settle(draft)


def _acted(draft: Draft, arcs: tuple[Arc, ...]) -> tuple[Arc, ...]:
    """What the act of a person takes now: nothing yet, while it is the first of two signatures or an open vote."""
    taken: list[Arc] = []
    for arc in arcs:
        note_doer(draft, arc)
        if not signing.signed(draft, arc):
            continue
        decided = votes.cast(draft, arc)
        if decided == arc.model.code:
            taken.append(arc)
        elif decided is not None:
            taken.extend(_outvoted(draft, decided))
    return tuple(taken)


def _outvoted(draft: Draft, code: str) -> tuple[Arc, ...]:
    """The transition that is taken instead of the one voted for."""
    draft.see(code, draft.payload)
    arcs = _select(draft, code, by_actor=False)
    if not arcs:
        raise RuleRefused(f"the vote decides for {code!r}, which is not possible now", code="GUARD_REFUSED")
    return arcs


def take_arc(draft: Draft, arc: Arc) -> None:
    """Take this transition, whatever the event is, then to rest."""
    _microstep(draft, (arc,))
    settle(draft)


def settle(draft: Draft) -> None:
    """Eventless transitions, internal events, child instances, then events sent to itself, until nothing is left."""
    while True:
        _macrostep(draft)
        if draft.status != "running":
            return
        if draft.to_invoke:
            _invoke(draft)
        if draft.internal:
            continue
        if not draft.external:
            return
        name, payload = draft.external.popleft()
        draft.see(name, payload)
        arcs = _select(draft, name, by_actor=False)
        if arcs:
            _microstep(draft, arcs)


def complete(draft: Draft) -> None:
    """A top-level final is reached: remaining exit actions, no more delays, then the report. It stays in sight."""
    configuration, entered, exits = list(draft.configuration), dict(draft.entered), list(draft.exits)
    leave_all(draft)
    draft.configuration, draft.entered, draft.exits = configuration, entered, exits
    draft.effects.append({"kind": "done", "state": draft.outcome, "outcome": draft.outcome, "result": draft.result})


def leave_all(draft: Draft) -> None:
    """Exit every state, drop every timer and every event that is still waiting."""
    exit_states(draft, list(draft.configuration))
    for timer in (*draft.timers, *draft.paused):
        draft.cancel_timer(timer)
    draft.internal.clear()
    draft.external.clear()


def _macrostep(draft: Draft) -> None:
    eventless = draft.chart.eventless
    while draft.status == "running":
        arcs = _select_eventless(draft) if eventless else ()
        if not arcs:
            if not draft.internal:
                return
            name, payload = draft.internal.popleft()
            draft.see(name, payload)
            arcs = _select(draft, name, by_actor=False)
        if arcs:
            _microstep(draft, arcs)


def _invoke(draft: Draft) -> None:
    for number in sorted(draft.to_invoke):
        node = draft.chart.nodes[number]
        if node.invoke is not None:
            children.begin(draft, node.id, node.invoke)
    draft.to_invoke.clear()


# --- selection -----------------------------------------------------------------------------------------------


def _select(draft: Draft, name: str, by_actor: bool) -> tuple[Arc, ...]:
    chart = draft.chart
    chosen: list[Arc] = []
    for number in draft.configuration:
        if not chart.nodes[number].atomic:
            continue
        for arc in chart.arcs(number, name):
            if arc in chosen:
                break
            if by_actor and not standing(draft, arc).allowed:
                continue
            if arc.guard is None or arc.guard.holds(draft.scope()):
                chosen.append(arc)
                break
    return without_conflicts(draft, chosen) if len(chosen) > 1 else tuple(chosen)


def _select_eventless(draft: Draft) -> tuple[Arc, ...]:
    chosen: list[Arc] = []
    for number in draft.configuration:
        for arc in draft.chart.eventless.get(number, ()):
            if arc in chosen:
                break
            if arc.guard is None or arc.guard.holds(draft.scope()):
                chosen.append(arc)
                break
    return without_conflicts(draft, chosen) if len(chosen) > 1 else tuple(chosen)


def without_conflicts(draft: Draft, arcs: list[Arc]) -> tuple[Arc, ...]:
    """Of transitions that would exit a state together the inner source wins, then document order."""
    nodes = draft.chart.nodes
    kept: list[Arc] = []
    for arc in arcs:
        beaten = [other for other in kept if _conflict(draft, arc, other)]
        if not beaten:
            kept.append(arc)
        elif all(other.source < arc.source <= nodes[other.source].last for other in beaten):
            kept = [other for other in kept if other not in beaten]
            kept.append(arc)
    return tuple(kept)


def _conflict(draft: Draft, one: Arc, other: Arc) -> bool:
    """Whether their exit sets meet. Both sources are active, so that is: one domain lies within the other."""
    if not one.targets or not other.targets:
        return False
    first, second = _domain(draft, one), _domain(draft, other)
    nodes = draft.chart.nodes
    return second <= nodes[first].last if first <= second else first <= nodes[second].last


def _domain(draft: Draft, arc: Arc) -> int:
    if arc.domain is not None:
        return arc.domain
    return domain_of(draft.chart, arc, tuple(_effective_targets(draft, arc)))


def _effective_targets(draft: Draft, arc: Arc) -> list[int]:
    """Targets with history states replaced by what they remember, or by their default."""
    found: list[int] = []
    for target in arc.targets:
        node = draft.chart.nodes[target]
        if node.kind != "history":
            found.append(target)
        elif node.id in draft.history:
            found.extend(draft.chart.number_of[state] for state in draft.history[node.id])
        elif node.initial is not None:
            found.extend(_effective_targets(draft, node.initial))
    return found


# --- micro-step ----------------------------------------------------------------------------------------------


def _microstep(draft: Draft, arcs: tuple[Arc, ...]) -> None:
    draft.count_microstep()
    # Before anything is left: leaving records history, and a domain worked out from that would be another one.
    domains = [_domain(draft, arc) if arc.targets else None for arc in arcs]
    exits = _exit_set(draft, domains)
    if exits:
        exit_states(draft, exits)
    for arc in arcs:
        draft.taken.append(arc.id)
        for run in arc.actions:
            run(draft)
    for arc, domain in zip(arcs, domains, strict=True):
        if domain is not None:
            _enter_states(draft, _entry_plan(draft, arc, domain))


def _exit_set(draft: Draft, domains: list[int | None]) -> list[int]:
    nodes = draft.chart.nodes
    exits: list[int] = []
    for domain in domains:
        if domain is not None:
            last = nodes[domain].last
            exits += [number for number in draft.configuration if domain < number <= last]
    if len(domains) > 1:
        exits.sort()
    return exits


def exit_states(draft: Draft, exits: list[int]) -> None:
    """Leave these nodes, given in document order, last first."""
    nodes = draft.chart.nodes
    for number in exits:
        if nodes[number].histories:
            _record_history(draft, nodes[number])
    entered, configuration, gone = draft.own("entered"), draft.configuration, draft.exits
    for number in reversed(exits):
        node = nodes[number]
        if node.exit:
            draft.stale()
            for run in node.exit:
                run(draft)
        if node.lively:
            _close(draft, node)
        if draft.signatures:
            signing.forget(draft, node.id)
        configuration.remove(number)
        entered.pop(node.id, None)
        gone.append(node.id)
    draft.stale()


def _record_history(draft: Draft, node: Node) -> None:
    nodes = draft.chart.nodes
    active = draft.configuration
    for number in node.histories:
        history = nodes[number]
        if history.deep:
            kept = [at for at in active if nodes[at].atomic and node.number < at <= node.last]
        else:
            kept = [at for at in active if nodes[at].parent == node.number]
        draft.own("history")[history.id] = [nodes[at].id for at in kept]


def _close(draft: Draft, node: Node) -> None:
    if node.task is not None:
        lifecycle.close_task(draft, node.id)
    lifecycle.close_timers(draft, node.timers)
    if node.invoke is not None:
        children.end(draft, node.id)
        if node.number in draft.to_invoke:
            draft.to_invoke.remove(node.number)


def _entry_plan(draft: Draft, arc: Arc, domain: int) -> EntryPlan:
    if arc.plan is not None:
        return arc.plan
    entry = EntrySet(draft.chart, draft.history, domain)
    for target in arc.targets:
        entry.descendants(target)
    for target in _effective_targets(draft, arc):
        entry.ancestors(target, domain)
    plan = EntryPlan(tuple(sorted(entry.nodes)), frozenset(entry.defaults), entry.history)
    if not entry.through_history:
        arc.plan = plan
    return plan


def _enter_states(draft: Draft, plan: EntryPlan) -> None:
    nodes = draft.chart.nodes
    entered, configuration, come, at = draft.own("entered"), draft.configuration, draft.entries, draft.event.at
    for number in plan.nodes:
        node = nodes[number]
        insort(configuration, number)
        entered[node.id] = at
        come.append(node.id)
        if node.eventful:
            draft.stale()
            _run_entry(draft, node, plan)
    draft.stale()


def _run_entry(draft: Draft, node: Node, plan: EntryPlan) -> None:
    """Entry actions, then those of the initial or history transition, then what is open while the state is."""
    for run in node.entry:
        run(draft)
    if node.number in plan.defaults and node.initial is not None:
        for run in node.initial.actions:
            run(draft)
    for run in plan.history.get(node.number, ()):
        run(draft)
    if node.lively:
        _open(draft, node)
    if node.final:
        _reach_final(draft, node)


def _open(draft: Draft, node: Node) -> None:
    if node.task is not None:
        lifecycle.open_task(draft, node.id, node.task)
    lifecycle.open_timers(draft, node.id, node.timers)
    if node.invoke is not None:
        draft.to_invoke.append(node.number)


def _reach_final(draft: Draft, node: Node) -> None:
    nodes = draft.chart.nodes
    result = node.result(draft) if node.result is not None else {}
    if node.parent == ROOT:
        draft.status = "done"
        draft.outcome = node.id
        draft.result = result if isinstance(result, dict) else {"content": result}
        return
    parent = nodes[node.parent]
    draft.internal.append((f"done.state.{parent.id}", result))
    above = nodes[parent.parent]
    if above.kind == "parallel" and all(_is_in_final_state(draft, region) for region in above.children):
        draft.internal.append((f"done.state.{above.id}", {}))


def _is_in_final_state(draft: Draft, number: int) -> bool:
    node = draft.chart.nodes[number]
    if node.kind == "parallel":
        return all(_is_in_final_state(draft, region) for region in node.children)
    return any(child in draft.configuration and draft.chart.nodes[child].final for child in node.children)
