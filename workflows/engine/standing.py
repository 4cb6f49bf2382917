"""As whom an actor may do something here, or why not: the one point that every path to an instance goes through.

An actor's own rights come first, then those of the people he may act for. Whoever he acts for counts as having acted
too, and so does the person behind an API key; so nobody approves his own work by a detour. No role is exempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from workflows.definition.program import Task
from workflows.engine import times
from workflows.engine.draft import Draft
from workflows.engine.events import Actor, Principal
from workflows.engine.permissions import in_words, is_meant, task_at
from workflows.engine.tables import Arc, Chart

_OF_TASK = ("assignee", "candidates")


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether, and in whose place. `error` None with a refusal: the words of `by` mean somebody else."""

    allowed: bool
    principal: Principal | None = None
    error: str | None = None
    reason: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


_FREE = Standing(True)
NOBODY = Standing(False)


def standing(draft: Draft, arc: Arc) -> Standing:
    """Whether the actor of the event may take the transition. No words: only the system may."""
    actor = draft.event.actor
    if not arc.by:
        return _FREE if actor.kind == "system" else NOBODY
    if actor.kind == "system":
        return _FREE if "system" in arc.by or "anyone" in arc.by else NOBODY
    task = task_at(draft, arc.source)
    refused = NOBODY
    for principal in capacities(draft):
        for word in arc.by:
            if not _admits(word, principal, draft, task):
                continue
            found = _objection(draft, arc, word, principal, task) or (
                Standing(True, principal) if principal is not None else _FREE
            )
            if found.allowed:
                return found
            refused = found if refused is NOBODY else refused
    return refused


def standing_for_task(draft: Draft, task: dict[str, Any]) -> Standing:
    """Whether the actor may claim the task: a candidate, with the skills, and not kept apart from it."""
    model = task_model(draft, task)
    refused = NOBODY
    for principal in capacities(draft):
        if not any(meant_as(candidate, draft.event.actor, principal) for candidate in task["candidates"]):
            continue
        found = _kept_apart(draft, model.not_by, principal, task) or missing_skill(draft, model)
        if found is None:
            return Standing(True, principal)
        refused = found if refused is NOBODY else refused
    return refused


def standing_to_start(chart: Chart, actor: Actor) -> Standing:
    """Whether the actor may start an instance. No words in `start_by`: only the system may."""
    if actor.kind == "system":
        return _FREE
    of_here = [principal for principal in actor.acts_for if principal.process in (None, chart.program.process)]
    for principal in (None, *of_here):
        for word in chart.program.start_by:
            if (word == "anyone" and principal is None) or meant_as(word, actor, principal):
                return Standing(True, principal)
    return NOBODY


def capacities(draft: Draft) -> Iterator[Principal | None]:
    """None for the actor himself, then those he may act for now, in this process."""
    yield None
    actor = draft.event.actor
    if actor.acts_for:
        now, process = times.instant(draft.event.at), draft.chart.program.process
        for principal in actor.acts_for:
            holds = principal.until is None or now < times.instant(principal.until)
            if holds and principal.process in (None, process) and principal.username != actor.username:
                yield principal


def persons(actor: Actor, principal: Principal | None) -> list[str]:
    """User names of all who count as acting."""
    names = [actor.username, actor.owner, principal.username if principal else None]
    return list(dict.fromkeys(name for name in names if name is not None))


def meant_as(word: str, actor: Actor, principal: Principal | None) -> bool:
    """Whether `role:x`, `group:x` or `user:x` means the actor, or the one he stands in for."""
    if principal is None:
        return is_meant(word, actor)
    if word.startswith("user:") and not principal.in_person:
        return False
    return is_meant(word, Actor(None, principal.username, principal.name, principal.roles, principal.groups))


def task_model(draft: Draft, task: dict[str, Any]) -> Task:
    """What the program says of an open task."""
    plan = draft.chart.nodes[draft.chart.number_of[task["state"]]].task
    assert plan is not None, "an open task is one of its state"
    return plan.model


def note_doer(draft: Draft, arc: Arc) -> None:
    """Remember who takes this transition, and in whose place."""
    if arc.model.code is None or draft.event.actor.kind == "system":
        return
    found = standing(draft, arc)
    draft.principal = draft.principal or found.principal
    names = persons(draft.event.actor, draft.principal)
    key = f"{draft.chart.nodes[arc.source].id}/{arc.model.code}"
    known = draft.doers.get(key, [])
    if any(name not in known for name in names):
        draft.own("doers")[key] = list(dict.fromkeys([*known, *names]))


def _admits(word: str, principal: Principal | None, draft: Draft, task: dict[str, Any] | None) -> bool:
    actor = draft.event.actor
    if word == "anyone":
        return principal is None
    if word == "system":
        return False
    if word == "creator":
        return draft.base.creator == (actor.username if principal is None else _in_person(principal))
    if word not in _OF_TASK:
        return meant_as(word, actor, principal)
    if task is None:
        return False
    if word == "candidates" and (task["assignee"] is None or task_model(draft, task).quorum is not None):
        return any(meant_as(candidate, actor, principal) for candidate in task["candidates"])
    return holds_task(task, actor, principal)


def holds_task(task: dict[str, Any], actor: Actor, principal: Principal | None) -> bool:
    """Assigned to the actor; where he claimed it for somebody, only as long as he may act for that person."""
    assignee, claimed_for = task["assignee"], task.get("claimed_for")
    if assignee is None:
        return False
    if principal is None:
        return bool(assignee == actor.username and claimed_for is None)
    if assignee == actor.username:
        return bool(claimed_for == principal.username)
    return bool(assignee == _in_person(principal))


def _in_person(principal: Principal) -> str | None:
    return principal.username if principal.in_person else None


# --- objections: the words admit the actor, and yet ----------------------------------------------------------


def _objection(
    draft: Draft, arc: Arc, word: str, principal: Principal | None, task: dict[str, Any] | None
) -> Standing | None:
    found = _kept_apart(draft, arc.model.not_by, principal, task)
    if found is None and task is not None and word in _OF_TASK:
        model = task_model(draft, task)
        return _kept_apart(draft, model.not_by, principal, task) or missing_skill(draft, model)
    return found


def _kept_apart(
    draft: Draft, words: Iterable[str], principal: Principal | None, task: dict[str, Any] | None
) -> Standing | None:
    acting = persons(draft.event.actor, principal)
    for word in words:
        involved = doers_of(draft, word, task)
        name = next((name for name in acting if name in involved), None)
        if name is not None:
            return apart(word, name, draft.event.actor)
    return None


def apart(word: str, name: str, actor: Actor) -> Standing:
    """The refusal that names the earlier act."""
    who = "You" if name == actor.username else name
    act = f"took part as {word}"
    if "/" in word:
        state, _, code = word.partition("/")
        act = f"did {in_words(code)!r}" + ("" if state == "*" else f" in {in_words(state)}")
    reason = f"{who} {act}: another person has to do this"
    return Standing(
        False, error="SEPARATION_OF_DUTIES", reason=reason, details={"rule": word.removeprefix("*/"), "username": name}
    )


def doers_of(draft: Draft, word: str, task: dict[str, Any] | None) -> list[str]:
    """User names of those whom a word of `not_by` keeps away."""
    if word == "creator":
        return [*([draft.base.creator] if draft.base.creator is not None else []), *draft.doers.get("start", ())]
    if word == "assignee":
        named = (task["assignee"], task.get("claimed_for")) if task is not None else ()
        return [name for name in named if name is not None]
    if word.startswith("*/"):
        return [name for key, names in draft.doers.items() if key.endswith(word[1:]) for name in names]
    return draft.doers.get(word, [])


def missing_skill(draft: Draft, model: Task) -> Standing | None:
    """A certificate is the actor's own: nobody lends his to a delegate."""
    held = draft.event.actor.skills
    for skill in model.skills:
        details = {"skill": skill, "valid_until": held.get(skill)}
        if skill not in held:
            reason = f"This needs the skill {in_words(skill)}, which you have no certificate for"
            return Standing(False, error="SKILL_MISSING", reason=reason, details=details)
        until = held[skill]
        if until is not None and times.instant(until) <= times.instant(draft.event.at):
            reason = f"Your certificate for {in_words(skill)} expired on {until}"
            return Standing(False, error="CERTIFICATE_EXPIRED", reason=reason, details=details)
    return None
