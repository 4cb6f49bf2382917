"""Actions and values of a Program as a definition writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from workflows.definition.document.base import CODE, NAME
from workflows.definition.exchange.remainder import is_known, remainder
from workflows.definition.exchange.values import cel_literal, template
from workflows.definition.lower.actions import DOCUMENT_ACTION, NOTIFY_ACTION
from workflows.definition.program import (
    Action,
    Assign,
    Cancel,
    Cel,
    Compensate,
    Const,
    Do,
    Emit,
    ForEach,
    If,
    Items,
    Log,
    Program,
    Raise,
    Record,
    Retry,
    Send,
    Set,
    Start,
    State,
    Text,
    Transition,
    Value,
)
from workflows.domain.durations import NotADuration, parse_duration

_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)

DoOutcomes = dict[str, tuple[list[tuple[State, Transition]], list[tuple[State, Transition]]]]
Outcomes = Callable[[str], tuple[list[Any], list[Any]]]
"""`do` id -> what is written under its `done` and its `failed`."""


class NotExpressible(ValueError):
    """A program says something that a definition has no word for."""


def raw(value: Value) -> Any:
    """A value as YAML: texts are CEL, everything else stands for itself."""
    match value:
        case Const():
            return _constant(value.value)
        case Cel():
            return _expression(value.source)
        case Text():
            return _joined(value.parts)
        case Record():
            return raws(value.fields)
        case Items():
            return [raw(item) for item in value.items]


def raws(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: raw(value) for name, value in values.items()}


def duration(value: Value) -> str:
    """ISO 8601 where the value is one, else CEL."""
    text = value.value if isinstance(value, Const) else None
    if isinstance(value, Cel):
        try:
            text = json.loads(value.source)
        except ValueError:
            return f"({value.source})" if value.source.startswith("P") else value.source
    try:
        parse_duration(str(text))
    except NotADuration as problem:
        raise NotExpressible(str(problem)) from problem
    return str(text)


def actions(given: Iterable[Action], owner: str, outcomes: Outcomes) -> list[Any]:
    """Actions of the state `owner`, in order.

    Raises:
        NotExpressible: one of them is.
    """
    return [_action(action, owner, outcomes) for action in given]


def do_ids(program: Program) -> frozenset[str]:
    """Ids of all `do` actions of a program."""
    return frozenset(action.id for state in program.states for action in _all_actions(state) if isinstance(action, Do))


def _all_actions(state: State) -> Iterator[Action]:
    for block in (*state.entry, *state.exit, *(transition.actions for transition in state.transitions)):
        yield from _flat(block)
    for child in state.children:
        yield from _all_actions(child)


def _flat(block: Iterable[Action]) -> Iterator[Action]:
    for action in block:
        yield action
        if isinstance(action, ForEach):
            yield from _flat(action.actions)
        elif isinstance(action, If):
            for branch in action.branches:
                yield from _flat(branch.actions)
            yield from _flat(action.otherwise)


def _expression(source: str) -> Any:
    """CEL; a number, true, false and null stand for themselves."""
    try:
        literal = json.loads(source)
    except ValueError:
        return source
    return source if isinstance(literal, str | list | dict) else literal


def _constant(value: Any) -> Any:
    match value:
        case str():
            return cel_literal(value)
        case dict():
            return {key: _constant(item) for key, item in value.items()}
        case list():
            return [_constant(item) for item in value]
        case _:
            return value


def _joined(parts: tuple[str, ...]) -> str:
    """A text with holes as CEL; null reads as nothing, as it does in texts."""
    pieces = [
        f'(({part}) == null ? "" : string({part}))' if odd % 2 else cel_literal(part)
        for odd, part in enumerate(parts)
        if part
    ]
    return " + ".join(pieces) or '""'


def complete(model: BaseModel, name: str) -> None:
    """Refuses a part of a program that has more to say than is written here."""
    rest = [type(model).__name__.lower()] if not is_known(model) else sorted(remainder(model))
    if rest:
        raise NotExpressible(f"{name}: there are no words yet for {', '.join(rest)}")


def _action(action: Action, owner: str, outcomes: Outcomes) -> dict[str, Any]:
    complete(action, f"an action of {owner!r}")
    match action:
        case Set():
            return {"set": {_path(path): raw(value) for path, value in action.values.items()}}
        case Raise() | Send() | Emit() | Cancel():
            return _message(action)
        case Do():
            return _do(action, owner, outcomes)
        case Start():
            number = {"number": raw(action.number)} if action.number is not None else {}
            return {"start": action.process, **number, **_with(action.data)}
        case Compensate():
            return {"compensate": True}
        case If():
            return _if(action, owner, outcomes)
        case ForEach():
            names = {"as": action.item} | ({"index": action.index} if action.index is not None else {})
            return {"for_each": action.of, **names, "actions": actions(action.actions, owner, outcomes)}
        case Log():
            value = {"value": raw(action.value)} if action.value is not None else {}
            return {"log": action.label or "", **value}
        case Assign():
            to = action.to.value if isinstance(action.to, Const) else raw(action.to)
            return {"assign": to, "task_of": action.state}


def _message(action: Raise | Send | Emit | Cancel) -> dict[str, Any]:
    if isinstance(action, Cancel):
        return {"cancel": _name(action.id)}
    if not re.fullmatch(CODE, action.event, re.ASCII):
        raise NotExpressible(f"{action.event!r} cannot be the name of an event")
    if not isinstance(action, Emit) and action.content is not None:
        raise NotExpressible(f"event {action.event!r} has a payload that is no map")
    written: dict[str, Any] = {action.kind: action.event}
    if isinstance(action, Send):
        if action.process is not None:
            number = raw(action.number) if action.number is not None else "number"
            written["to"] = {"process": action.process, "number": number}
        if action.delay is not None:
            written["delay"] = duration(action.delay)
        if action.id is not None:
            written["id"] = _name(action.id)
    return written | _with(action.data)


def _do(action: Do, owner: str, outcomes: Outcomes) -> dict[str, Any]:
    return _shorthand(action, owner) or _call(action, owner, outcomes)


def _shorthand(action: Do, owner: str) -> dict[str, Any] | None:
    """`notify` and `document`, where the call is what these words stand for."""
    texts = {name: template(value) for name, value in action.with_.items() if isinstance(value, Text)}
    if action != Do(id=action.id, action=action.action, mode=action.mode, with_=action.with_):
        return None
    if action.action == DOCUMENT_ACTION and texts.keys() == action.with_.keys() == {"title"}:
        return {"document": texts["title"]}
    others = {name: value for name, value in action.with_.items() if name not in texts}
    to, state, urgency = others.get("to"), others.get("state"), others.pop("urgency", None)
    if urgency is not None:
        if not isinstance(urgency, Const) or urgency.value not in ("low", "normal", "critical"):
            return None
        texts["urgency"] = urgency.value
    if action.action != NOTIFY_ACTION or others.keys() != {"to", "state"} or state != Const(value=owner):
        return None
    if not texts.keys() <= {"subject", "text", "urgency"}:
        return None
    if isinstance(to, Const) and isinstance(to.value, list):
        return {"notify": to.value, **texts}
    if isinstance(to, Items):
        return {"notify": [item.value if isinstance(item, Const) else raw(item) for item in to.items], **texts}
    return None


def _call(action: Do, owner: str, outcomes: Outcomes) -> dict[str, Any]:
    written: dict[str, Any] = {"do": action.action}
    if not re.fullmatch(rf"{re.escape(owner)}\.{re.escape(action.action)}\.\d+", action.id):
        written["id"] = _name(action.id)
    written |= _with(action.with_)
    if action.retry is not None:
        written["retry"] = _retry(action.retry)
    if action.timeout_s is not None:
        written["timeout"] = f"PT{action.timeout_s:g}S"
    if action.compensate is not None:
        written["undo"] = {"do": action.compensate.action, **_with(action.compensate.with_)}
    done, failed = outcomes(action.id)
    return written | ({"done": done} if done else {}) | ({"failed": failed} if failed else {})


def _retry(retry: Retry) -> dict[str, Any]:
    if retry.schedule_s:
        return {"schedule": [f"PT{seconds:g}S" for seconds in retry.schedule_s], "attempts": retry.attempts}
    return {
        "first": f"PT{retry.first_s:g}S",
        "factor": retry.factor,
        "most": f"PT{retry.most_s:g}S",
        "attempts": retry.attempts,
    }


def _if(action: If, owner: str, outcomes: Outcomes) -> dict[str, Any]:
    otherwise = actions(action.otherwise, owner, outcomes)
    for branch in reversed(action.branches):
        written: dict[str, Any] = {"if": branch.when, "then": actions(branch.actions, owner, outcomes)}
        otherwise = [written | ({"else": otherwise} if otherwise else {})]
    first: dict[str, Any] = otherwise[0]
    return first


def _with(values: Mapping[str, Value]) -> dict[str, Any]:
    return {"with": raws(values)} if values else {}


def _path(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise NotExpressible(f"{path!r} is no path into the data")
    return path


def _name(identity: str) -> str:
    if not re.fullmatch(NAME, identity, re.ASCII):
        raise NotExpressible(f"{identity!r} cannot be the id of an action")
    return identity
