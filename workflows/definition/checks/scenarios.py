"""Scenarios: that what they name exists, and which transitions none of them takes."""

from __future__ import annotations

from workflows.definition.checks.transitions import all_states, is_taken
from workflows.definition.document.scenarios import (
    DoneStep,
    EventStep,
    FactsStep,
    FailedStep,
    RefusedStep,
    Scenario,
    StepNode,
    TransitionStep,
)
from workflows.definition.lower.context import Lowering
from workflows.definition.program import Program
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean


def check_scenarios(lowering: Lowering, program: Program) -> None:
    check = _Check(lowering, program)
    for scenario in lowering.document.scenarios:
        check.scenario(scenario)
    _coverage(lowering)


class _Check:
    def __init__(self, lowering: Lowering, program: Program) -> None:
        self.lowering = lowering
        states = list(all_states(program.states))
        self.events = {event for state in states for item in state.transitions for event in item.events}
        self.dos = _found(program.model_dump(mode="json"), "do", "id")
        self.emitted = _found(program.model_dump(mode="json"), "emit", "event")
        self.states = {state.id for state in states} | set(lowering.written_states)

    def scenario(self, scenario: Scenario) -> None:
        self.facts(scenario.facts, (*scenario.path, "facts"))
        for index, step in enumerate(scenario.steps):
            self.step(step, (*scenario.path, "steps", index))
        expected = scenario.expect
        for index, state in enumerate(expected.state or ()):
            self.known("state", state, self.states, (*expected.path, "state", index))
        for index, state in enumerate(expected.tasks or ()):
            self.known("state", state, self.states, (*expected.path, "tasks", index))
        for index, event in enumerate(expected.emitted or ()):
            self.known("domain event", event, self.emitted, (*expected.path, "emitted", index))

    def step(self, step: StepNode, path: Path) -> None:
        if isinstance(step, EventStep):
            key = "transition" if isinstance(step, TransitionStep) else "event"
            self.event(step.event, (*path, key))
        elif isinstance(step, RefusedStep):
            self.event(step.refused, (*path, "refused"))
        elif isinstance(step, DoneStep):
            self.known("action with the id", step.done, self.dos, (*path, "done"))
        elif isinstance(step, FailedStep):
            self.known("action with the id", step.failed, self.dos, (*path, "failed"))
        elif isinstance(step, FactsStep):
            self.facts(step.facts, (*path, "facts"))

    def event(self, name: str, path: Path) -> None:
        if not is_taken(name, self.events):
            self.known("transition", name, self.events, path)

    def facts(self, values: dict[str, object], path: Path) -> None:
        for name in values:
            self.known("fact", name, set(self.lowering.document.facts), (*path, name), key=True)

    def known(self, what: str, name: str, names: set[str], path: Path, *, key: bool = False) -> None:
        if name not in names:
            hint = did_you_mean(name, sorted(names))
            self.lowering.problem("J604", path, f"there is no {what} `{name}`", hint, key=key)


def _found(plain: object, kind: str, key: str) -> set[str]:
    """Values of a key of all actions of a kind."""
    found: set[str] = set()
    if isinstance(plain, dict):
        if plain.get("kind") == kind and key in plain:
            found.add(str(plain[key]))
        for item in plain.values():
            found |= _found(item, kind, key)
    elif isinstance(plain, list):
        for item in plain:
            found |= _found(item, kind, key)
    return found


def _coverage(lowering: Lowering) -> None:
    """Transition codes that no scenario takes; those that the process raises itself are taken on the way."""
    steps = [step for scenario in lowering.document.scenarios for step in scenario.steps]
    taken = {step.event for step in steps if isinstance(step, EventStep)} | {event for event, _ in lowering.raised}
    untaken: dict[str, Path] = {}
    for place in lowering.tree.root.descendants():
        assert place.node is not None
        for code, alternatives in {**place.node.transitions, **lowering.document.transitions}.items():
            if code not in taken:
                path = alternatives[0].path
                untaken.setdefault(code, path if path[-1] == code else path[:-1])
    if untaken and not lowering.document.scenarios:
        message = f"there are no scenarios; not taken: {', '.join(untaken)}"
        lowering.problem("J603", ("process",), message, "add `scenarios`", key=True)
        return
    for code, path in untaken.items():
        lowering.problem("J603", path, f"no scenario takes `{code}`", key=True)
