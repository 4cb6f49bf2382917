"""Program to an XState v5 machine: plain JSON for `createMachine`, guards and actions by name.

Every guard is `{"type": "cel", "params": {"expression": …}}`; every action carries the name of its kind (`set`,
`emit`, `do`, …) and its arguments as params, so a host provides one implementation per kind. State nodes carry
`meta.state`, their id here. Two things XState cannot say are rewritten: an initial transition that is more than
one direct child becomes a start node with an `always` transition, and prefix matching becomes `name.*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workflows.definition.exchange.labels import state_label, timer_label
from workflows.definition.exchange.values import cel_source, plain, plain_map
from workflows.definition.program import Action, Const, Program, State, Timer, Transition
from workflows.domain.durations import duration_seconds


def to_xstate(program: Program) -> dict[str, Any]:
    """The machine's configuration; `json.dumps` of it is equal for equal programs."""
    return _Machine(program).configuration()


class _Machine:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._paths: dict[str, str] = {}
        """State id -> path of XState keys below the machine."""
        self._place(program.states, ())

    def configuration(self) -> dict[str, Any]:
        program = self._program
        machine: dict[str, Any] = {
            "id": program.process,
            "version": program.version,
            "description": program.title,
            "context": {"data": plain_map(program.data)},
        }
        machine |= self._children(program.states, program.initial)
        if program.script:
            machine["entry"] = _actions(program.script)
        return machine

    def _place(self, states: Iterable[State], above: tuple[str, ...]) -> None:
        taken: set[str] = set()
        for state in states:
            short = state.id.rsplit(".", 1)[-1]
            key = short if short not in taken else state.id.replace(".", "_")
            taken.add(key)
            self._paths[state.id] = ".".join((*above, key))
            self._place(state.children, (*above, key))

    def _key(self, state_id: str) -> str:
        return self._paths[state_id].rsplit(".", 1)[-1]

    def _address(self, state_id: str) -> str:
        return f"#{self._program.process}.{self._paths[state_id]}"

    def _children(self, states: Iterable[State], initial: Transition | None) -> dict[str, Any]:
        children = {self._key(state.id): self._state(state) for state in states}
        written: dict[str, Any] = {}
        if initial is not None:
            direct = {state.id for state in states}
            if len(initial.targets) == 1 and initial.targets[0] in direct:
                key = self._key(initial.targets[0])
                written["initial"] = {"target": key, "actions": _actions(initial.actions)} if initial.actions else key
            else:
                written["initial"] = "start__"
                children = {"start__": {"always": [self._transition(initial)]}} | children
        return written | {"states": children}

    def _state(self, state: State) -> dict[str, Any]:
        written: dict[str, Any] = {"meta": {"state": state.id, "title": state_label(state)}}
        if state.kind in ("parallel", "final", "history"):
            written["type"] = state.kind
        if state.kind == "history":
            return written | self._history(state)
        if state.entry:
            written["entry"] = _actions(action for block in state.entry for action in block)
        if state.exit:
            written["exit"] = _actions(action for block in state.exit for action in block)
        if state.task is not None:
            written["tags"] = ["task"]
        if state.result is not None:
            written["output"] = plain_map(state.result)
        written |= self._transitions(state)
        if state.children:
            written |= self._children(state.children, state.initial)
        return written

    def _history(self, state: State) -> dict[str, Any]:
        written: dict[str, Any] = {"history": "deep" if state.deep else "shallow"}
        if state.initial is not None and state.initial.targets:
            parent = self._paths[state.id].rpartition(".")[0]
            paths = [self._paths[target].removeprefix(f"{parent}.") for target in state.initial.targets]
            written["target"] = paths[0] if len(paths) == 1 else paths
        return written

    def _transitions(self, state: State) -> dict[str, Any]:
        always = [self._transition(t) for t in state.transitions if not t.events]
        timers = {timer.event: timer for timer in state.timers}
        on: dict[str, list[dict[str, Any]]] = {}
        after: dict[str, list[dict[str, Any]]] = {}
        for descriptor in dict.fromkeys(d for t in state.transitions for d in t.events):
            matching = [t for t in state.transitions if any(_covers(own, descriptor) for own in t.events)]
            arrows = [self._transition(t) for t in matching]
            if descriptor in timers:
                after.setdefault(_delay(timers[descriptor]), []).extend(arrows)
                continue
            exact = all(t.code == descriptor for t in matching)
            on[self._event(descriptor)] = arrows
            if not exact and descriptor != "*" and not descriptor.startswith("done.state."):
                on[f"{_bare(descriptor)}.*"] = arrows
        parts = {"on": on, "always": always, "after": after}
        return {name: part for name, part in parts.items() if part}

    def _event(self, descriptor: str) -> str:
        name = _bare(descriptor)
        finished = name.removeprefix("done.state.")
        if finished != name and finished in self._paths:
            return f"xstate.done.state.{self._program.process}.{self._paths[finished]}"
        return name

    def _transition(self, transition: Transition) -> dict[str, Any]:
        written: dict[str, Any] = {}
        if transition.targets:
            addresses = [self._address(target) for target in transition.targets]
            written["target"] = addresses[0] if len(addresses) == 1 else addresses
            if not transition.internal:
                written["reenter"] = True
        if transition.when is not None:
            written["guard"] = {"type": "cel", "params": {"expression": transition.when}}
        if transition.actions:
            written["actions"] = _actions(transition.actions)
        if transition.title is not None:
            written["description"] = transition.title
        if transition.code is not None:
            written["meta"] = {"code": transition.code, "by": list(transition.by)}
        return written


def _covers(descriptor: str, event: str) -> bool:
    """Whether what `event` names is matched by `descriptor`, by SCXML's dot-separated prefixes."""
    prefix, name = _bare(descriptor), _bare(event)
    return prefix in ("*", name) or name.startswith(f"{prefix}.")


def _bare(descriptor: str) -> str:
    return descriptor.removesuffix(".*").removesuffix(".") if descriptor != "*" else descriptor


def _delay(timer: Timer) -> str:
    """Milliseconds where they are known, else the name of a delay that the host provides: CEL, or working time."""
    if isinstance(timer.after, Const) and "working" not in str(timer.after.value):
        return str(round(duration_seconds(str(timer.after.value)) * 1000))
    if isinstance(timer.after, Const):
        return timer_label(timer).removeprefix("after ")
    moment = timer.after if timer.after is not None else timer.at
    return cel_source(moment) if moment is not None else timer.id


def _actions(actions: Iterable[Action]) -> list[dict[str, Any]]:
    return [_action(action) for action in actions]


def _action(action: Action) -> dict[str, Any]:
    arguments = {name: _argument(getattr(action, name)) for name in type(action).model_fields if name != "kind"}
    arguments = {name.rstrip("_"): value for name, value in arguments.items() if value not in (None, {}, [])}
    return {"type": action.kind, **({"params": arguments} if arguments else {})}


def _argument(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _argument(item) for name, item in value.items()}
        case tuple():
            return [_argument(item) for item in value]
        case _ if hasattr(value, "kind"):
            return _named(value)
        case _ if hasattr(value, "model_dump"):
            return _fields(value)
        case _:
            return value


def _named(value: Any) -> Any:
    is_value = value.kind in ("const", "cel", "text", "record", "items")
    return plain(value) if is_value else _action(value)


def _fields(value: Any) -> dict[str, Any]:
    """A retry policy, a compensation or a branch: its fields by name."""
    return {name.rstrip("_"): _argument(getattr(value, name)) for name in type(value).model_fields}
