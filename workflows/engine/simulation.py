"""One instance on a virtual clock: start it, send events, let time pass, report what actions did. Pure.

Nothing outside the engine runs: facts have the values they are given, actions are only recorded. Every entry of
`steps` is one step of the engine, so a simulation shows exactly what a real instance would do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.definition.payload import normalise
from workflows.definition.program import Program
from workflows.domain import numbering
from workflows.domain.errors import ExpressionFailed, InvalidInput, NotFound, RuleRefused
from workflows.engine import chart as charts
from workflows.engine import clocks
from workflows.engine.events import SYSTEM, Actor, Event, Step, Verdict
from workflows.engine.snapshot import Snapshot
from workflows.engine.step import start, step
from workflows.engine.tables import Chart
from workflows.engine.tasks import command
from workflows.engine.times import duration, instant, written
from workflows.engine.verdicts import judge, judge_start

MONDAY_MORNING = "2026-01-05T08:00:00Z"
"""When simulations begin unless told otherwise; fixed, so that they always give the same."""
TENANT = "simulation"
_MOST_FIRINGS = 10_000
"""Timers in one advance; a chart that restarts a timer without delay would never let the time pass."""

_BOOKKEEPING = {"send": "done.send", "start": "done.start", "child_start": "child.started"}


@dataclass(slots=True)
class Simulation:
    """An instance in the making; not started until `start`."""

    program: Program
    at: str = MONDAY_MORNING
    """The virtual clock, RFC 3339 UTC."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Values that `facts` reads."""
    snapshot: Snapshot = field(default_factory=Snapshot)
    taken: list[str] = field(default_factory=list)
    """Ids of all transitions taken so far."""
    emitted: list[str] = field(default_factory=list)
    """Names of all domain events so far."""

    def __post_init__(self) -> None:
        self.at = written(instant(self.at))

    def start(
        self, data: Mapping[str, Any], actor: Actor = SYSTEM, *, number: str | None = None
    ) -> list[dict[str, Any]]:
        """Starts the instance; gives the effects.

        Raises:
            ExpressionFailed, RuleRefused, InvalidInput: as the engine says.
        """
        begun = start(
            self._chart,
            data=normalise(self.program.data_schema, dict(data)),
            number=number or self._number(),
            entity_id=1,
            tenant=TENANT,
            at=self.at,
            actor=actor,
            facts=self.facts,
        )
        return self._adopt(begun)

    def may_start(self, actor: Actor) -> Verdict:
        return judge_start(self._chart, actor)

    def verdict(
        self,
        event: str,
        data: Mapping[str, Any] | None = None,
        actor: Actor = SYSTEM,
        *,
        claim: bool = False,
        signature: dict[str, Any] | None = None,
    ) -> Verdict:
        """Whether the actor may send this event now.

        Raises:
            ExpressionFailed: a guard could not be evaluated.
        """
        told = self._event(event, data or {}, actor)
        return judge(self._chart, self.snapshot, replace(told, claim=claim, signature=signature))

    def send(
        self,
        event: str,
        data: Mapping[str, Any] | None = None,
        actor: Actor = SYSTEM,
        *,
        ref: str | None = None,
        claim: bool = False,
        signature: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """One external event; gives the effects, none when nobody takes it.

        Raises:
            ExpressionFailed, RuleRefused, InvalidInput: as the engine says; nothing has changed then.
        """
        told = replace(self._event(event, data or {}, actor, ref), claim=claim, signature=signature)
        return self._adopt(step(self._chart, self.snapshot, told))

    def task(self, act: str, actor: Actor, *, of: str | None = None, to: str | None = None) -> list[dict[str, Any]]:
        """Claim, release or reassign the open task of a state, or the only one.

        Raises:
            NotFound, NotAllowed, Conflict, InvalidInput: as the engine says; nothing has changed then.
        """
        open_tasks = [key for key, task in self.snapshot.tasks.items() if of in (None, task["state"])]
        key = open_tasks[0] if len(open_tasks) == 1 else None
        told = Event(act, {"task": key, "to": to}, self.at, actor)
        return self._adopt(command(self._chart, self.snapshot, told))

    def signature(self, code: str, data: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
        """What a person would sign with: the meaning that the transition asks for, over the payload."""
        chart = self._chart
        arcs = (arc for name in self.snapshot.configuration for arc in chart.arcs(chart.number_of[name], code))
        meaning = next((arc.model.sign.meaning for arc in arcs if arc.model.sign is not None), None)
        told = json.dumps(data, sort_keys=True, default=str)
        return {
            "meaning": meaning,
            "username": actor.username,
            "printed_name": actor.name,
            "at": self.at,
            "method": "simulation",
            "content_hash": hashlib.sha256(told.encode()).hexdigest(),
        }

    @property
    def skills(self) -> list[str]:
        """All certificates that the tasks of the process ask for."""
        plans = (node.task for node in self._chart.nodes if node.task is not None)
        return list(dict.fromkeys(skill for plan in plans for skill in plan.model.skills))

    def advance(self, length: str) -> list[dict[str, Any]]:
        """Lets an ISO 8601 duration, or working time, pass. Due timers fire in the order of their due times, those of
        the same time in the order in which they were started, each as a step at its due time.

        Raises:
            RuleRefused: `TIMER_BOUND`, timers that fire without end.
        """
        target = _later(self._chart, self.at, length)
        effects: list[dict[str, Any]] = []
        for _ in range(_MOST_FIRINGS):
            due = self._next_due(target)
            if due is None:
                self.at = written(target)
                return effects
            timer = self.snapshot.timers[due]
            self.at = max(timer["due"], self.at, key=instant)
            effects += self.send(timer["event"], timer["data"], ref=due)
        raise RuleRefused(f"more than {_MOST_FIRINGS} timers fired within {length}", code="TIMER_BOUND")

    # --- what is reported back

    def done(self, action: str, result: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The oldest pending `do` of that id (or registered name) has succeeded.

        Raises:
            NotFound: none is pending.
        """
        effect = self._pending_do(action)
        return self.send(f"done.do.{effect['def']}", result, ref=effect["id"])

    def failed(self, action: str, error: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The oldest pending `do` of that id (or registered name) has failed for good.

        Raises:
            NotFound: none is pending.
        """
        effect = self._pending_do(action)
        told = {"code": "ACTION_FAILED", "message": "the action failed", **error}
        return self.send(f"error.do.{effect['def']}", {"error": told}, ref=effect["id"])

    def reported_by(self, event: str) -> str | None:
        """The effect that an event named `done.do.…` or `error.do.…` reports on, if one is pending."""
        for effect in self.snapshot.pending.values():
            if event in (f"done.do.{effect.get('def')}", f"error.do.{effect.get('def')}"):
                return str(effect["id"])
        return None

    def child(
        self,
        which: int | str,
        *,
        outcome: str | None = None,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """A running child, by index or id, has ended; with `error`, it has failed.

        Raises:
            NotFound: no such child is running.
        """
        key = self._running_child(which)
        report: dict[str, Any] = {"child": key, "outcome": outcome, "result": dict(result or {})}
        if error is not None:
            told = {"code": "CHILD_FAILED", "message": "the child failed", **error}
            return self.send("child.failed", report | {"error": told}, ref=key)
        return self.send("child.done", report, ref=key)

    def settle(self, *, actions: bool, except_for: Collection[str] = ()) -> list[dict[str, Any]]:
        """Reports what the world would do by itself: messages arrive, instances start.

        Args:
            actions: activities succeed too, with an empty result.
            except_for: ids or registered names of `do`s that stay pending.
        """
        effects: list[dict[str, Any]] = []
        for _ in range(_MOST_FIRINGS):
            effect = self._next_report(actions, except_for)
            if effect is None:
                return effects
            name = _BOOKKEEPING.get(effect["kind"]) or f"done.do.{effect['def']}"
            effects += self.send(name, {}, ref=effect["id"])
        raise RuleRefused(f"more than {_MOST_FIRINGS} actions were done in one step", code="ACTION_BOUND")

    # --- what is to be seen

    @property
    def state(self) -> list[str]:
        """Sorted ids of the active atomic states."""
        chart = self._chart
        nodes = (chart.nodes[chart.number_of[name]] for name in self.snapshot.configuration)
        return sorted(node.id for node in nodes if node.atomic)

    @property
    def tasks(self) -> list[str]:
        """Sorted ids of the states with an open task."""
        return sorted(task["state"] for task in self.snapshot.tasks.values())

    @property
    def _chart(self) -> Chart:
        return charts.load(self.program)

    def _number(self) -> str:
        if self.program.number is None:
            return "1"
        return numbering.parse(self.program.number).format(instant(self.at).date(), 1)

    def _event(self, name: str, data: Mapping[str, Any], actor: Actor, ref: str | None = None) -> Event:
        return Event(name, self._normal(name, dict(data)), self.at, actor, dict(self.facts), ref)

    def _normal(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        """Numbers as the form of the transition types them."""
        chart = self._chart
        for state in self.snapshot.configuration:
            for arc in chart.arcs(chart.number_of[state], name):
                if arc.model.form is not None:
                    normal: dict[str, Any] = normalise(arc.model.form, data)
                    return normal
        return data

    def _adopt(self, made: Step) -> list[dict[str, Any]]:
        self.snapshot = made.snapshot
        self.taken += made.taken
        self.emitted += [effect["event"] for effect in made.effects if effect["kind"] == "emit"]
        return made.effects

    def _next_due(self, target: dt.datetime) -> str | None:
        timers = [(instant(timer["due"]), key) for key, timer in self.snapshot.timers.items()]
        due = [item for item in timers if item[0] <= target]
        return min(due, key=lambda item: item[0])[1] if due else None

    def _pending_do(self, action: str) -> dict[str, Any]:
        pending = [effect for effect in self.snapshot.pending.values() if effect["kind"] == "do"]
        for effect in pending:
            if effect["def"] == action:
                return effect
        named = [effect for effect in pending if effect["action"] == action]
        if named:
            return named[0]
        known = ", ".join(effect["def"] for effect in pending) or "none"
        raise NotFound(f"no action {action!r} is pending; pending: {known}")

    def _running_child(self, which: int | str) -> str:
        children = self.snapshot.children
        running = {key: child for key, child in children.items() if child["status"] == "running"}
        for key, child in running.items():
            if which in (key, child["index"]):
                return key
        known = ", ".join(f"{child['index']} ({child['process']})" for child in running.values()) or "none"
        raise NotFound(f"no child {which!r} is running; running: {known}")

    def _next_report(self, actions: bool, except_for: Collection[str]) -> dict[str, Any] | None:
        failed = {incident["ref"] for incident in self.snapshot.incidents.values()}
        for effect in self.snapshot.pending.values():
            if effect["id"] in failed:
                continue
            if effect["kind"] != "do":
                return effect
            if actions and effect["def"] not in except_for and effect["action"] not in except_for:
                return effect
        return None


def _later(chart: Chart, at: str, length: str) -> dt.datetime:
    if not clocks.is_working(length):
        duration(length)
    try:
        return instant(clocks.after(chart, at, length)[0])
    except ExpressionFailed as problem:
        raise InvalidInput(f"{length} after {at} is beyond the calendar") from problem
