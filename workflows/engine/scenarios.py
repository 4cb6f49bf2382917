"""Scenarios of a definition, run on a virtual clock: given a start, when steps, then an expectation.

A step that is refused, a step that should have been refused and is not, and anything the expectation says
otherwise are problems of that scenario, each told in one line. Coverage counts every transition of the program,
also those that only timers, actions and finals take.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.definition.document.scenarios import (
    ActorStep,
    AdvanceStep,
    ChildStep,
    DoneStep,
    EventStep,
    Expectation,
    FactsStep,
    FailedStep,
    RefusedStep,
    Scenario,
    TaskStep,
)
from workflows.definition.exchange.labels import arrow_label
from workflows.definition.program import Program, State
from workflows.domain.errors import JidokaError
from workflows.engine.events import SYSTEM, Actor, Principal
from workflows.engine.permissions import in_words
from workflows.engine.simulation import Simulation


@dataclass(slots=True)
class ScenarioResult:
    """How one scenario went."""

    name: str
    problems: list[str] = field(default_factory=list)
    """Empty: passed."""
    state: list[str] = field(default_factory=list)
    """Where it ended."""
    taken: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "passed": self.passed, "problems": self.problems, "state": self.state}


@dataclass(slots=True)
class Coverage:
    """Which transitions the scenarios took, and which none of them did."""

    total: int
    """Transitions of the program."""
    covered: int
    uncovered: list[dict[str, str]] = field(default_factory=list)
    """{"id", "state", "label", "target"} of those that no scenario takes, in document order."""

    @property
    def percent(self) -> float:
        """100 when there is nothing to cover; one decimal, rounded down so that 100 means all."""
        return 100.0 if not self.total else int(self.covered / self.total * 1000) / 10

    def to_json(self) -> dict[str, Any]:
        return {
            "percent": self.percent,
            "covered": self.covered,
            "total": self.total,
            "uncovered": self.uncovered,
        }


def run_all(
    program: Program, scenarios: Iterable[Scenario], facts: Mapping[str, Any]
) -> tuple[list[ScenarioResult], Coverage]:
    """Runs every scenario. `facts`: values for those a scenario does not give."""
    results = [run(program, scenario, facts) for scenario in scenarios]
    return results, coverage(program, [taken for result in results for taken in result.taken])


def run(program: Program, scenario: Scenario, facts: Mapping[str, Any]) -> ScenarioResult:
    """Runs one scenario; stops at the first step that goes wrong, and compares the end only if none does."""
    return _Run(program, scenario, facts).result()


def coverage(program: Program, taken: Iterable[str]) -> Coverage:
    """Which transitions of the program are among those taken."""
    seen = set(taken)
    every = list(_transitions(program.states))
    uncovered = [about for about in every if about["id"] not in seen]
    return Coverage(len(every), len(every) - len(uncovered), uncovered)


def _transitions(states: Iterable[State]) -> Iterator[dict[str, str]]:
    for state in states:
        for transition in state.transitions:
            label = arrow_label(state, transition) or "always"
            target = ", ".join(transition.targets) or "(stays)"
            yield {"id": transition.id, "state": state.id, "label": label, "target": target}
        yield from _transitions(state.children)


class _Run:
    def __init__(self, program: Program, scenario: Scenario, facts: Mapping[str, Any]) -> None:
        self._scenario = scenario
        self._simulation = Simulation(program, facts={**facts, **scenario.facts})
        self._result = ScenarioResult(scenario.name)

    def result(self) -> ScenarioResult:
        result = self._result
        self._start()
        for position, step in enumerate(self._scenario.steps, start=1):
            if result.problems:
                break
            self._step(position, step)
        if not result.problems:
            result.problems += list(_differences(self._scenario.expect, self._simulation))
        result.taken = list(self._simulation.taken)
        result.state = self._simulation.state
        return result

    def _start(self) -> None:
        given = self._scenario.start
        simulation = self._simulation
        actor = actor_of(given.by) if given.by else first_starter(simulation.program.start_by)
        verdict = simulation.may_start(actor)
        if not verdict.allowed:
            self._problem("start", f"refused: {verdict.status} {verdict.error}: {verdict.reason}")
            return
        try:
            simulation.start(given.data, actor, number=given.number)
            self._settle(self._scenario.steps)
        except JidokaError as problem:
            self._problem("start", _told(problem))

    def _step(self, position: int, step: Any) -> None:
        words = f"step {position} `{_in_words(step)}`"
        try:
            if isinstance(step, RefusedStep):
                self._refused(words, step)
            elif isinstance(step, EventStep):
                self._event(words, step)
            else:
                self._other(step)
            self._settle(self._scenario.steps[position:])
        except JidokaError as problem:
            self._problem(words, _told(problem))

    def _event(self, words: str, step: EventStep) -> None:
        actor, more = self._actor(step), self._manner(step, step.event)
        verdict = self._simulation.verdict(step.event, step.data, actor, **more)
        if verdict.allowed:
            self._simulation.send(step.event, step.data, actor, **more)
        else:
            self._problem(words, f"refused: {verdict.status} {verdict.error}: {verdict.reason}")

    def _refused(self, words: str, step: RefusedStep) -> None:
        more = self._manner(step, step.refused)
        verdict = self._simulation.verdict(step.refused, step.data, self._actor(step), **more)
        if verdict.allowed:
            self._problem(words, "expected a refusal, but it is possible")
        elif step.with_ is not None and step.with_ not in (verdict.error, str(verdict.status)):
            told = f"{verdict.status} {verdict.error}: {verdict.reason}"
            self._problem(words, f"expected the refusal {step.with_}, but got {told}")

    def _actor(self, step: ActorStep) -> Actor:
        """Who acts, with the certificates and in the place that the step says."""
        actor = actor_of(step.by)
        if actor.kind == "system":
            return actor
        skills = self._simulation.skills if step.skills is None else step.skills
        absent = actor_of(step.for_) if step.for_ is not None else None
        principals = (Principal(absent.username, absent.name, absent.roles, absent.groups),) if absent else ()
        return replace(actor, skills=dict.fromkeys(skills), acts_for=principals)

    def _manner(self, step: ActorStep, code: str) -> dict[str, Any]:
        signature = self._simulation.signature(code, step.data, self._actor(step)) if step.signed else None
        return {"claim": step.claim, "signature": signature}

    def _other(self, step: Any) -> None:
        simulation = self._simulation
        match step:
            case TaskStep():
                simulation.task(step.task, self._actor(step), of=step.of, to=step.to)
            case AdvanceStep():
                simulation.advance(step.advance)
            case DoneStep():
                simulation.done(step.done, step.data)
            case FailedStep():
                simulation.failed(step.failed, step.error)
            case ChildStep():
                simulation.child(step.child, outcome=step.outcome, result=step.data, error=step.error)
            case FactsStep():
                simulation.facts = {**simulation.facts, **step.facts}

    def _settle(self, ahead: Sequence[Any]) -> None:
        """Whatever a later step reports itself stays pending until then."""
        reported = [step.done for step in ahead if isinstance(step, DoneStep)]
        reported += [step.failed for step in ahead if isinstance(step, FailedStep)]
        self._simulation.settle(actions=self._scenario.auto, except_for=reported)

    def _problem(self, where: str, what: str) -> None:
        self._result.problems.append(f"{where}: {what}")


def actor_of(by: str | None) -> Actor:
    """Who `by` means: `role:x`, `user:x`, USER/ROLE with as many roles as wanted, or a bare name that is user, role
    and group at once; None: the system."""
    if by is None or by == "system":
        return SYSTEM
    user, *own = by.split("/")
    if own:
        return Actor(1, user, in_words(user), tuple(own), ())
    kind, colon, name = by.rpartition(":")
    roles = (name,) if kind in ("", "role") else ()
    groups = (name,) if kind in ("", "group") else ()
    return Actor(1, name if colon or kind == "" else by, in_words(name), roles, groups)


def first_starter(words: Sequence[str]) -> Actor:
    """Somebody who may start, by the first word of `start.by`."""
    first = next((word for word in words if word != "system"), None)
    if first is None:
        return SYSTEM
    return actor_of("somebody" if first == "anyone" else first)


def _differences(expected: Expectation, simulation: Simulation) -> Iterator[str]:
    if expected.state is not None and not _same_states(expected.state, simulation.state):
        yield _difference("state", ", ".join(sorted(expected.state)), ", ".join(simulation.state))
    if expected.data is not None:
        yield from _data_differences("data", expected.data, simulation.snapshot.data)
    if expected.emitted is not None and expected.emitted != simulation.emitted:
        yield _difference("emitted", ", ".join(expected.emitted), ", ".join(simulation.emitted))
    if expected.tasks is not None and not _same_states(expected.tasks, simulation.tasks):
        yield _difference("tasks", ", ".join(sorted(expected.tasks)), ", ".join(simulation.tasks))
    ended = simulation.snapshot.status == "done"
    if expected.done is not None and expected.done != ended:
        yield _difference("done", json.dumps(expected.done), json.dumps(ended))
    for incident in simulation.snapshot.incidents.values():
        yield f"incident in {incident['state'] or 'the instance'}: {incident['error'].get('message', '')}"


def _same_states(expected: Sequence[str], found: Sequence[str]) -> bool:
    """Whether each name means one of the states; a name may be the id, the dotted path or its end."""
    left = list(found)
    for name in expected:
        match = next((state for state in left if _means(name, state)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _means(name: str, state: str) -> bool:
    return name == state or state.endswith(f".{name}") or name.endswith(f".{state}")


def _data_differences(path: str, expected: Any, found: Any) -> Iterator[str]:
    """Expected maps are a part of what is found; everything else must be equal."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            if key in found:
                yield from _data_differences(f"{path}.{key}", value, found[key])
            else:
                yield _difference(f"{path}.{key}", _json(value), "nothing")
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
        yield _difference(path, _json(expected), _json(found))


def _difference(what: str, expected: str, found: str) -> str:
    return f"{what}: expected {expected or 'nothing'}, but is {found or 'nothing'}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _told(problem: JidokaError) -> str:
    return f"{problem.code}: {problem.message}"


def _in_words(step: Any) -> str:
    match step:
        case TaskStep():
            return f"{step.task} the task" + (f" by {step.by}" if step.by else "")
        case RefusedStep():
            return f"refused: {step.refused}" + (f" by {step.by}" if step.by else "")
        case EventStep():
            return step.event + (f" by {step.by}" if step.by else "")
        case AdvanceStep():
            return f"advance {step.advance}"
        case DoneStep():
            return f"done {step.done}"
        case FailedStep():
            return f"failed {step.failed}"
        case ChildStep():
            return f"child {step.child}"
        case _:
            return "facts"
