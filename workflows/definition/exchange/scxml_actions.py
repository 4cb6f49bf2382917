"""Actions of a Program as executable content of SCXML; `scxml_extension.py` is the way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement

from pydantic import BaseModel

from workflows.definition.exchange.remainder import is_known, remainder
from workflows.definition.exchange.scxml_extension import PROCESS_TYPE
from workflows.definition.exchange.values import cel_source
from workflows.definition.program import (
    Action,
    Assign,
    Cancel,
    Cel,
    Compensate,
    Compensation,
    Const,
    Do,
    Emit,
    ForEach,
    If,
    Log,
    Raise,
    Retry,
    Send,
    Set,
    Start,
    Value,
)


def actions_into(parent: Element, actions: Iterable[Action]) -> None:
    """Appends one element (for `set`: one per value) for every action, in order."""
    for action in actions:
        if is_known(action):
            _action(parent, action)
            rest_into(parent[-1], action)
        else:
            SubElement(parent, "jidoka:action").text = action.model_dump_json(by_alias=True)


def rest_into(element: Element, model: BaseModel) -> None:
    """What there is no word for goes along as JSON."""
    rest = remainder(model)
    if rest:
        element.set("jidoka:other", json.dumps(rest, ensure_ascii=False))


def parameters_into(parent: Element, values: Mapping[str, Value], tag: str = "param") -> None:
    for name, value in values.items():
        SubElement(parent, tag, {"name": name, **value_attributes(value)})


def value_attributes(value: Value, name: str = "expr") -> dict[str, str]:
    """`expr` for every reader; the typed form beside it where CEL alone would not bring it back exactly."""
    written = {name: cel_source(value)}
    if not isinstance(value, Cel | Const):
        written["jidoka:value"] = value.model_dump_json(by_alias=True)
    return written


def _action(parent: Element, action: Action) -> None:
    match action:
        case Set():
            for path, value in action.values.items():
                SubElement(parent, "assign", {"location": f"data.{path}", **value_attributes(value)})
        case Raise():
            _raise(parent, action)
        case Send():
            _send(parent, action)
        case Cancel():
            SubElement(parent, "cancel", {"sendid": action.id})
        case Log():
            _log(parent, action)
        case If():
            _if(parent, action)
        case ForEach():
            marks = {"array": action.of, "item": action.item} | ({"index": action.index} if action.index else {})
            actions_into(SubElement(parent, "foreach", marks), action.actions)
        case Emit() | Do() | Start() | Compensate() | Assign():
            _own(parent, action)


def _raise(parent: Element, action: Raise) -> None:
    """`<raise>` carries no data in SCXML: a whole payload is a `<send>` to the internal queue."""
    if action.content is None:
        parameters_into(SubElement(parent, "raise", {"event": action.event}), action.data, "jidoka:param")
        return
    element = SubElement(parent, "send", {"event": action.event, "target": "#_internal"})
    SubElement(element, "content", value_attributes(action.content))


def _send(parent: Element, action: Send) -> None:
    marks = {"event": action.event}
    if action.id is not None:
        marks["id"] = action.id
    if action.process is not None:
        marks |= {"type": PROCESS_TYPE, "target": f"#_{action.process}"}
    if action.delay is not None:
        marks |= value_attributes(action.delay, name="delayexpr")
    element = SubElement(parent, "send", marks)
    if action.number is not None:
        SubElement(element, "jidoka:number", value_attributes(action.number))
    if action.content is not None:
        SubElement(element, "content", value_attributes(action.content))
    else:
        parameters_into(element, action.data)


def _log(parent: Element, action: Log) -> None:
    marks = {"label": action.label} if action.label is not None else {}
    SubElement(parent, "log", marks | (value_attributes(action.value) if action.value is not None else {}))


def _if(parent: Element, action: If) -> None:
    first, *others = action.branches
    element = SubElement(parent, "if", {"cond": first.when})
    actions_into(element, first.actions)
    for branch in others:
        SubElement(element, "elseif", {"cond": branch.when})
        actions_into(element, branch.actions)
    if action.otherwise:
        SubElement(element, "else")
        actions_into(element, action.otherwise)


def _own(parent: Element, action: Emit | Do | Start | Compensate | Assign) -> None:
    match action:
        case Emit():
            parameters_into(SubElement(parent, "jidoka:emit", {"event": action.event}), action.data)
        case Do():
            _do(parent, action)
        case Start():
            element = SubElement(parent, "jidoka:start", {"id": action.id, "process": action.process})
            if action.number is not None:
                SubElement(element, "jidoka:number", value_attributes(action.number))
            parameters_into(element, action.data)
        case Compensate():
            SubElement(parent, "jidoka:compensate")
        case Assign():
            SubElement(parent, "jidoka:assign", {"state": action.state, **value_attributes(action.to)})


def _do(parent: Element, action: Do) -> None:
    marks = {"id": action.id, "action": action.action, "mode": action.mode}
    if action.timeout_s is not None:
        marks["timeout-s"] = repr(action.timeout_s)
    if action.handles_failure:
        marks["handles-failure"] = "true"
    element = SubElement(parent, "jidoka:do", marks)
    parameters_into(element, action.with_)
    if action.retry is not None:
        _retry(element, action.retry)
    if action.compensate is not None:
        undo = SubElement(element, "jidoka:compensation", _undo_marks(action.compensate))
        parameters_into(undo, action.compensate.with_)


def _undo_marks(undo: Compensation) -> dict[str, str]:
    return {"action": undo.action, "mode": undo.mode}


def _retry(element: Element, retry: Retry) -> None:
    marks = {
        "first-s": repr(retry.first_s),
        "factor": repr(retry.factor),
        "most-s": repr(retry.most_s),
        "attempts": str(retry.attempts),
    }
    if retry.schedule_s:
        marks["schedule-s"] = " ".join(repr(seconds) for seconds in retry.schedule_s)
    SubElement(element, "jidoka:retry", marks)
