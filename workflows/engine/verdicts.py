"""Whether an actor may take a transition now, and if not, why: without taking it.

In this order: the instance has ended 409, no such transition here 409, not this actor 403, payload incomplete or
ill-formed 400, guard refuses 422. Of several alternatives, the one that `step` would take decides.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from workflows.domain.errors import Conflict, ExpressionFailed, NotAllowed, RuleRefused
from workflows.engine import signing, votes
from workflows.engine.draft import Draft
from workflows.engine.events import Actor, Event, Verdict
from workflows.engine.permissions import in_words, refusal
from workflows.engine.snapshot import Snapshot
from workflows.engine.standing import standing, standing_to_start
from workflows.engine.tables import Arc, Chart
from workflows.engine.tasks import claim_first

_READS_EVENT = re.compile(r"(?<![\w.])event\b")
_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')


def judge(chart: Chart, snapshot: Snapshot, event: Event, *, guards: bool = True) -> Verdict:
    """The verdict on taking this event now.

    Args:
        guards: False leaves guards out, for those that read facts which are not looked up yet.

    Raises:
        ExpressionFailed: a guard could not be evaluated.
    """
    draft = Draft(chart, snapshot, event)
    draft.see(event.name, chart.normal(draft.configuration, event.name, event.data))
    ended = _ended(draft, event.name)
    if ended is not None:
        return ended
    arcs = _offers(draft, event.name)
    if event.claim and arcs:
        try:
            claim_first(draft)
        except (NotAllowed, Conflict) as refused:
            verdict = _refused(event.name, arcs[0], refused.status, refused.code, refused.message)
            return replace(verdict, details=refused.details)
    return _judge(draft, arcs, payload=True, guards=guards)


def available(chart: Chart, snapshot: Snapshot, actor: Actor, at: str, facts: dict[str, Any]) -> list[Verdict]:
    """A verdict for each transition code of the active states, in document order; payloads are not judged.

    A guard that reads the payload counts as open; one that cannot be evaluated is a refusal with its reason.
    """
    draft = Draft(chart, snapshot, Event("", {}, at, actor, facts))
    if snapshot.status != "running":
        return []
    verdicts = []
    for code in _codes(draft):
        arcs = _offers(draft, code)
        try:
            verdicts.append(_judge(draft, arcs, payload=False))
        except RuleRefused as problem:  # also ExpressionFailed; a decision table may refuse too
            verdicts.append(_refused(code, arcs[0], 422, problem.code, problem.message))
    return verdicts


def judge_start(chart: Chart, actor: Actor) -> Verdict:
    """Whether the actor may start an instance. No words in `start_by`: only the system may."""
    if standing_to_start(chart, actor).allowed:
        return Verdict("start", "Start", True)
    words = chart.program.start_by
    who = " or ".join(in_words(word.partition(":")[2] or word) for word in words) or "the system"
    return Verdict("start", "Start", False, 403, "FORBIDDEN", f"Only {who} may start {chart.program.title}, not you")


def _ended(draft: Draft, code: str) -> Verdict | None:
    if draft.status == "running":
        return None
    reason = {"done": "The process has ended", "cancelled": "The process has been cancelled"}.get(
        draft.status, "The process has not been started"
    )
    return Verdict(code, in_words(code), False, 409, "INSTANCE_ENDED", reason)


def _offers(draft: Draft, event: str) -> list[Arc]:
    """Transitions that the event may take, in the order in which `step` tries them."""
    chart = draft.chart
    found: dict[Arc, None] = {}
    for number in draft.configuration:
        if chart.nodes[number].atomic:
            found.update(dict.fromkeys(chart.arcs(number, event)))
    from_people = draft.event.actor.kind != "system"
    return [arc for arc in found if arc.model.code is not None or not from_people]


def _codes(draft: Draft) -> list[str]:
    nodes = draft.chart.nodes
    codes = [arc.model.code for number in draft.configuration for arc in nodes[number].arcs]
    return list(dict.fromkeys(code for code in codes if code is not None))


def _judge(draft: Draft, arcs: list[Arc], *, payload: bool, guards: bool = True) -> Verdict:
    if not arcs:
        return _unknown(draft)
    code = draft.event.name if payload else arcs[0].model.code or arcs[0].id
    standings = [standing(draft, arc) for arc in arcs]
    mine = [arc for arc, found in zip(arcs, standings, strict=True) if found.allowed]
    if not mine:
        objection = next((found for found in standings if found.error is not None), None)
        if objection is None:
            return _refused(code, arcs[0], 403, "FORBIDDEN", refusal(draft, arcs))
        refused = _refused(code, arcs[0], 403, objection.error or "FORBIDDEN", objection.reason or "")
        return replace(refused, details=objection.details)
    refusals = []
    for arc in mine:
        violations = arc.accepts.violations(draft.payload) if payload else []
        try:
            holds = not guards or _holds(draft, arc, payload)
        except ExpressionFailed:
            # A guard may well fail on what is missing in the payload; say what is missing.
            if not violations:
                raise
            holds = False
        if holds and not violations:
            return _open(draft, arc, code, payload)
        if holds:
            return _incomplete(code, arc, violations)
        refusals.append(_incomplete(code, arc, violations) if violations else None)
    last = mine[-1]
    if refusals[0] is not None and all(refusals):
        return refusals[0]
    return _refused(code, last, 422, last.model.refusal or "GUARD_REFUSED", _guard_reason(mine))


def _open(draft: Draft, arc: Arc, code: str, payload: bool) -> Verdict:
    """All holds; left are the vote, and last the signature: nobody signs what would be refused."""
    sign = arc.model.sign
    verdict = Verdict(
        code,
        _title(arc, code),
        True,
        require=arc.model.require,
        form=arc.model.form,
        sign={"meaning": sign.meaning, "level": sign.level} if sign is not None else None,
    )
    conflict = votes.objection(draft, arc) if draft.tasks else None
    refused = conflict or (signing.objection(draft, arc) if payload else signing.kept_apart(draft, arc))
    if refused is None:
        return verdict
    status = 409 if refused is conflict or refused.error == "ALREADY_SIGNED" else 403
    return replace(
        verdict, allowed=False, status=status, error=refused.error, reason=refused.reason, details=refused.details
    )


def _unknown(draft: Draft) -> Verdict:
    name, nodes = draft.event.name, draft.chart.nodes
    states = ", ".join(nodes[number].id for number in draft.configuration if nodes[number].atomic)
    reason = f"{name!r} is not available in {states}; available: {', '.join(_codes(draft)) or 'nothing'}"
    return Verdict(name, in_words(name), False, 409, "TRANSITION_NOT_AVAILABLE", reason)


def _holds(draft: Draft, arc: Arc, payload: bool) -> bool:
    if arc.guard is None or (not payload and reads_event(arc.guard.source)):
        return True
    return arc.guard.holds(draft.scope())


def reads_event(source: str) -> bool:
    """Whether an expression reads the payload of the event."""
    return bool(_READS_EVENT.search(_STRINGS.sub('""', source)))


def _refused(code: str, arc: Arc, status: int, error: str, reason: str) -> Verdict:
    return Verdict(code, _title(arc, code), False, status, error, reason, arc.model.require, arc.model.form)


def _guard_reason(arcs: list[Arc]) -> str:
    conditions = list(dict.fromkeys(arc.model.when for arc in arcs if arc.model.when))
    return f"Not possible now: {' or '.join(conditions)} does not hold"


def _title(arc: Arc, code: str) -> str:
    return arc.model.title or in_words(code)


def _incomplete(code: str, arc: Arc, violations: list[dict[str, Any]]) -> Verdict:
    reason = "; ".join(f"{item['field'] or 'payload'}: {item['constraint']}" for item in violations)
    return Verdict(
        code, _title(arc, code), False, 400, "VALIDATION_ERROR", reason, arc.model.require, arc.model.form, violations
    )
