"""Program to a definition in YAML, e.g. of an imported statechart, for a person to go on with.

State ids stay as they are. What the language of definitions has no word for is refused, never changed quietly.
Permissions are written as they are: where a statechart says nothing, only the system may, and the checker warns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from workflows.definition.document.base import CODE, NAME, STATE_ID
from workflows.definition.exchange.values import template
from workflows.definition.exchange.yaml_actions import (
    DoOutcomes,
    NotExpressible,
    actions,
    complete,
    do_ids,
    duration,
    raw,
    raws,
)
from workflows.definition.exchange.yaml_text import yaml_text
from workflows.definition.program import Action, Invoke, Program, Raise, Set, State, Task, Transition

_RESERVED = re.compile(r"(?:done|error|after|child)(?:\..*)?")
_DO = re.compile(r"(?P<end>done|error)\.do\.(?P<id>.+)")

__all__ = ["NotExpressible", "to_yaml"]


def to_yaml(program: Program) -> str:
    """The definition's text.

    Raises:
        NotExpressible: the program says something that a definition cannot.
    """
    return yaml_text(_Writer(program).document())


class _Writer:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._outcomes: DoOutcomes = {}
        """`do` id -> what follows its success and its failure."""
        self._known = do_ids(program)
        self._keys = _keys(program)

    def document(self) -> dict[str, Any]:
        program = self._program
        complete(program, "the process")
        if program.script or program.initial.actions:
            raise NotExpressible("actions before the first state: a definition begins with its states")
        for state in _every(program.states):
            self._gather(state)
        written: dict[str, Any] = {
            "process": re.sub(r"[^A-Za-z0-9_-]", "_", program.process),
            "version": program.version,
            "title": program.title,
            "number": program.number,
            "start": _present(by=list(program.start_by), form=program.start_form, require=list(program.start_require)),
            "data": program.data_schema,
            "defaults": raws(program.data),
            "facts": {
                name: _present(call=fact.call, **{"with": raws(fact.with_)}) for name, fact in program.facts.items()
            },
            "initial": _one_or_more(program.initial.targets),
        }
        return _present(**written) | {"states": self._states(program.states)}

    def _gather(self, state: State) -> None:
        """Finds the transitions that belong to a `do`: they are written with it."""
        for transition in state.transitions:
            for event in transition.events:
                match = _DO.fullmatch(_bare(event))
                if match is not None and match["id"] in self._known:
                    done, failed = self._outcomes.setdefault(match["id"], ([], []))
                    (done if match["end"] == "done" else failed).append((state, transition))

    # --- states

    def _states(self, states: Iterable[State]) -> dict[str, Any]:
        written = {}
        for state in states:
            key, with_id = self._keys[state.id]
            written[key] = ({"id": state.id} if with_id else {}) | self._state(state)
        return written

    def _state(self, state: State) -> dict[str, Any]:
        complete(state, f"state {state.id!r}")
        for timer in state.timers:
            complete(timer, f"timer {timer.id!r}")
        if state.kind == "history":
            return self._history(state)
        if state.content is not None:
            raise NotExpressible(f"final state {state.id!r} gives a payload that is no map")
        if state.initial is not None and state.initial.actions:
            raise NotExpressible(f"the initial transition of {state.id!r} has actions")
        invoke = self._invoke(state.invoke) if state.invoke is not None else {}
        written = _present(
            title=state.title,
            parallel=True if state.kind == "parallel" else None,
            final=True if state.kind == "final" else None,
            initial=_one_or_more(state.initial.targets) if state.initial is not None else None,
            result=raws(state.result or {}),
            entry=self._blocks(state.entry, state),
            exit=self._blocks(state.exit, state),
            task=self._task(state.task) if state.task is not None else None,
        )
        default = "success" if state.kind == "final" else "waiting" if state.task is not None else "active"
        if state.category != default:
            written["class"] = state.category
        return written | invoke | self._transitions(state) | _present(states=self._states(state.children))

    def _history(self, state: State) -> dict[str, Any]:
        default = state.initial
        if default is not None and default.actions:
            raise NotExpressible(f"the default transition of history {state.id!r} has actions")
        written: dict[str, Any] = {"history": "deep" if state.deep else "shallow"}
        return written | _present(to=_one_or_more(default.targets) if default is not None else None)

    def _blocks(self, blocks: tuple[tuple[Action, ...], ...], state: State) -> list[Any]:
        return self._actions((action for block in blocks for action in block), state)

    def _task(self, task: Task) -> dict[str, Any]:
        complete(task, "a task")
        return _present(
            title=template(task.title),
            candidates=list(task.candidates),
            assignee=raw(task.assignee) if task.assignee is not None else None,
            form=task.form,
            due=duration(task.due) if task.due is not None else None,
            priority=task.priority if task.priority != 3 else None,
        )

    def _invoke(self, invoke: Invoke) -> dict[str, Any]:
        complete(invoke, "a child process")
        given = {"start": invoke.process, **_present(**{"with": raws(invoke.with_)})}
        if invoke.of is None:
            return {"child": given}
        several = _present(sequential=invoke.sequential or None, until=invoke.until)
        return {"each": {"of": invoke.of, "as": invoke.item, **given, **several}}

    # --- transitions

    def _transitions(self, state: State) -> dict[str, Any]:
        _check_order(state)
        codes: dict[str, list[Transition]] = {}
        after: dict[str, list[Transition]] = {timer.event: [] for timer in state.timers}
        ends: dict[str, list[Transition]] = {"always": [], "done": [], "failed": []}
        kind = "invoke" if state.invoke is not None else "state"
        own = {f"done.{kind}.{state.id}": ends["done"], f"error.invoke.{state.id}": ends["failed"]} | after
        for transition in state.transitions:
            for event in map(_bare, transition.events):
                match = _DO.fullmatch(event)
                if match is None or match["id"] not in self._known:
                    own[event].append(transition) if event in own else codes.setdefault(_code(state, event), []).append(
                        transition
                    )
            if not transition.events:
                ends["always"].append(transition)
        written: dict[str, Any] = {
            "transitions": {code: self._alternatives(state, found) for code, found in codes.items()},
            "always": [self._outcome(state, transition) for transition in ends["always"]],
            "after": [self._timer(state, event, found) for event, found in after.items() if _does_something(found)],
            "done": [self._outcome(state, transition) for transition in ends["done"]],
            "failed": [self._outcome(state, transition) for transition in ends["failed"]],
        }
        return _present(**{key: _single(value) if isinstance(value, list) else value for key, value in written.items()})

    def _alternatives(self, state: State, found: list[Transition]) -> Any:
        """What an alternative does not say it takes from the one before, so that is said."""
        task = state.task
        by: tuple[str, ...] = ("candidates",) if task is not None else ()
        form, title = _task_form(task), None
        written = []
        for transition in found:
            alternative: dict[str, Any] = {}
            if transition.by != by:
                alternative["by"] = list(transition.by) or ["system"]
            if transition.form != form:
                alternative["form"] = transition.form or {}
            if transition.title != title:
                alternative["title"] = transition.title
            by, form, title = transition.by, transition.form, transition.title
            marks = _present(require=list(transition.require))
            if transition.refusal is not None and transition is found[-1]:
                marks["else"] = transition.refusal
            written.append(alternative | marks | self._outcome(state, transition))
        return _single(written)

    def _timer(self, state: State, event: str, found: list[Transition]) -> dict[str, Any]:
        timer = next(timer for timer in state.timers if timer.event == event)
        if len(found) > 1:
            raise NotExpressible(f"timer {timer.id!r} has several transitions")
        begins = {"in": duration(timer.after)} if timer.after is not None else {}
        if timer.at is not None:
            begins = {"at": raw(timer.at)}
        return begins | self._outcome(state, found[0])

    def _outcome(self, state: State, transition: Transition) -> dict[str, Any]:
        complete(transition, f"transition {transition.id!r}")
        if len(transition.events) > 1 and any(True for _ in _dos(transition.actions)):
            raise NotExpressible(f"transition {transition.id!r} has several events and calls an action")
        sets: dict[str, Any] = {}
        rest = list(transition.actions)
        while rest and isinstance(first := rest[0], Set) and not sets.keys() & first.values.keys():
            sets |= raws(first.values)
            rest.pop(0)
        last = rest[-1] if rest else None
        raised = last.event if isinstance(last, Raise) and not last.data and last.content is None else None
        if raised is not None:
            rest.pop()
        return _present(
            when=transition.when,
            to=_one_or_more(transition.targets),
            internal=True if transition.internal and transition.targets and state.children else None,
            set=sets,
            actions=self._actions(rest, state),
            **{"raise": raised},
        )

    def _actions(self, given: Iterable[Action], state: State) -> list[Any]:
        def outcomes(do_id: str) -> tuple[list[Any], list[Any]]:
            done, failed = self._outcomes.get(do_id, ([], []))
            return [self._outcome(*one) for one in done], [self._outcome(*one) for one in failed]

        return actions(given, state.id, outcomes)


def _does_something(found: list[Transition]) -> bool:
    return any(transition.targets or transition.actions for transition in found)


def _dos(given: Iterable[Action]) -> Iterator[Action]:
    return (action for action in given if action.kind == "do")


def _task_form(task: Task | None) -> dict[str, Any] | None:
    if task is None or task.form is None:
        return None
    return {key: value for key, value in task.form.items() if key != "required"}


def _present(**given: Any) -> dict[str, Any]:
    """Without what is None or empty; an empty form says something and stays where it is put by hand."""
    return {key: value for key, value in given.items() if value not in (None, [], {})}


def _single(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _one_or_more(targets: tuple[str, ...]) -> Any:
    return _single(list(targets)) if targets else None


# --- what a definition cannot say -----------------------------------------------------------------------------


def _every(states: Iterable[State]) -> Iterator[State]:
    for state in states:
        yield state
        yield from _every(state.children)


def _keys(program: Program) -> dict[str, tuple[str, bool]]:
    """State id -> the key it is written under, and whether its id must be written as well.

    The compiler makes an id of the key, or of the path of keys where a key occurs more than once.
    """
    keys: dict[str, str] = {}
    _choose(program.states, keys, {state.id for state in _every(program.states)})
    times = Counter(keys.values())
    found: dict[str, tuple[str, bool]] = {}

    def visit(states: Iterable[State], above: str) -> None:
        for state in states:
            key = keys[state.id]
            path = f"{above}.{key}" if above else key
            found[state.id] = (key, state.id != (key if times[key] == 1 else path))
            visit(state.children, path)

    visit(program.states, "")
    return found


def _choose(states: Iterable[State], keys: dict[str, str], ids: set[str]) -> None:
    """The last part of the id where that is a name, else the whole id made into one that nothing else is known by."""
    taken: set[str] = set()
    for state in states:
        if not re.fullmatch(STATE_ID, state.id, re.ASCII):
            raise NotExpressible(f"state id {state.id!r}: only letters, digits, `_`, `-` and `.`, no digit first")
        last = state.id.rsplit(".", 1)[-1]
        key = last if re.fullmatch(NAME, last, re.ASCII) else state.id.replace(".", "_")
        while key in taken or (key != last and key in ids):
            key += "_"
        taken.add(key)
        keys[state.id] = key
        _choose(state.children, keys, ids)


def _bare(descriptor: str) -> str:
    return descriptor.removesuffix(".*").removesuffix(".") if descriptor != "*" else descriptor


def _code(state: State, event: str) -> str:
    if not re.fullmatch(CODE, event, re.ASCII) or _RESERVED.fullmatch(event):
        raise NotExpressible(f"state {state.id!r} waits for {event!r}, which cannot be a transition code")
    return event


def _check_order(state: State) -> None:
    """Codes gather their alternatives; of transitions that one event may take, the order must stay."""
    arrows = [(event, position) for position, t in enumerate(state.transitions) for event in map(_bare, t.events)]
    codes = list(dict.fromkeys(event for event, _ in arrows))
    for event, position in arrows:
        for other, earlier in arrows:
            overlap = event.startswith(f"{other}.") or other.startswith(f"{event}.")
            if overlap and earlier < position and codes.index(other) > codes.index(event):
                raise NotExpressible(f"transitions of {state.id!r} on {other!r} and {event!r} cannot keep their order")
