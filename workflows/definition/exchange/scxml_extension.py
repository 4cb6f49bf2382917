"""What `scxml_export` writes in our own namespace, read back: the other half of `scxml_actions`.

Only names the namespace and what stands in it; the structure of a document is read by `scxml_import`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from workflows.definition.exchange.markup import Element, invalid
from workflows.definition.program import (
    Action,
    Assign,
    Compensate,
    Compensation,
    Const,
    Do,
    Emit,
    Raise,
    Retry,
    Send,
    Start,
    Value,
)

if TYPE_CHECKING:
    from workflows.definition.exchange.scxml_content import Content

JIDOKA = "urn:jidoka:scxml:1"
"""The namespace."""
PROCESS_TYPE = f"{JIDOKA}:process"
"""`type` of sends to, and invocations of, other processes."""

_VALUE: TypeAdapter[Value] = TypeAdapter(Value)
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)
_Part = TypeVar("_Part", bound=BaseModel)


def own(element: Element, name: str) -> str | None:
    """An attribute of our namespace."""
    return element.get(f"{{{JIDOKA}}}{name}")


def is_own(element: Element) -> bool:
    return element.namespace == JIDOKA


def typed(element: Element) -> Value | None:
    """The value as the program had it, where CEL alone would not bring it back exactly."""
    written = own(element, "value")
    if written is None:
        return None
    try:
        return _VALUE.validate_json(written)
    except ValidationError as problem:
        raise invalid("jidoka:value is no value", element.line) from problem


def value_of(element: Element, content: Content, name: str = "expr") -> Value:
    """The value of an element; literals become constants."""
    found = typed(element)
    if found is not None:
        return found
    written = element.get(name) or ""
    try:
        return Const(value=json.loads(written))
    except ValueError:
        return content.value(written, element.line)


def others(element: Element) -> dict[str, Any]:
    """Fields that went along as JSON, for want of words."""
    written = own(element, "other")
    if written is None:
        return {}
    try:
        found = json.loads(written)
    except (ValueError, RecursionError) as problem:
        raise invalid("jidoka:other is not JSON", element.line) from problem
    if not isinstance(found, dict):
        raise invalid("jidoka:other must be a JSON object", element.line)
    return found


def completed(model: _Part, element: Element) -> _Part:
    """The part of a program with the fields that went along."""
    rest = others(element)
    if not rest:
        return model
    try:
        return type(model).model_validate(model.model_dump(by_alias=True) | rest)
    except ValidationError as problem:
        raise invalid("jidoka:other does not fit", element.line) from problem


def parameters(element: Element, content: Content) -> dict[str, Value]:
    return {param.get("name") or "": value_of(param, content) for param in element.all("param")}


# --- actions ------------------------------------------------------------------------------------------------


def action(element: Element, content: Content) -> list[Action]:
    """The action an element of ours stands for."""
    if element.tag == "script":
        return list(content.actions(element.children))
    read = _ACTIONS.get(element.tag)
    if read is None:
        raise invalid(f"<jidoka:{element.tag}> is not known here", element.line)
    return [read(element, content)]


def raised(element: Element, content: Content) -> Action:
    """`<raise>`, which may carry data here."""
    return Raise(event=needed(element, "event"), data=parameters(element, content))


def sent(element: Element, content: Content) -> Action:
    """A `<send>` to an instance of another process."""
    number = next((value_of(child, content) for child in element.all("number")), None)
    return Send(
        event=needed(element, "event"),
        data=parameters(element, content),
        process=(element.get("target") or "").removeprefix("#_"),
        number=number,
    )


def _emit(element: Element, content: Content) -> Action:
    return Emit(event=needed(element, "event"), data=parameters(element, content))


def _do(element: Element, content: Content) -> Action:
    undo = next(element.all("compensation"), None)
    retry = next(element.all("retry"), None)
    timeout = element.get("timeout-s")
    return Do(
        id=needed(element, "id"),
        action=needed(element, "action"),
        mode="sql" if element.get("mode") == "sql" else "activity",
        with_=parameters(element, content),
        retry=_retry(retry) if retry is not None else None,
        timeout_s=number(element, timeout) if timeout is not None else None,
        compensate=_compensation(undo, content) if undo is not None else None,
        handles_failure=element.get("handles-failure") == "true",
    )


def _retry(element: Element) -> Retry:
    schedule = (element.get("schedule-s") or "").split()
    return Retry(
        first_s=number(element, element.get("first-s") or "1"),
        factor=number(element, element.get("factor") or "2"),
        most_s=number(element, element.get("most-s") or "3600"),
        attempts=int(number(element, element.get("attempts") or "8")),
        schedule_s=tuple(number(element, seconds) for seconds in schedule),
    )


def _compensation(element: Element, content: Content) -> Compensation:
    return Compensation(
        action=needed(element, "action"),
        with_=parameters(element, content),
        mode="sql" if element.get("mode") == "sql" else "activity",
    )


def _start(element: Element, content: Content) -> Action:
    number = next((value_of(child, content) for child in element.all("number")), None)
    return Start(
        id=needed(element, "id"),
        process=needed(element, "process"),
        data=parameters(element, content),
        number=number,
    )


def _assign(element: Element, content: Content) -> Action:
    return Assign(state=needed(element, "state"), to=value_of(element, content))


def _any(element: Element, content: Content) -> Action:
    try:
        return _ACTION.validate_json(element.text)
    except ValidationError as problem:
        raise invalid("<jidoka:action> is no action", element.line) from problem


_ACTIONS: dict[str, Callable[[Element, Content], Action]] = {
    "emit": _emit,
    "do": _do,
    "start": _start,
    "assign": _assign,
    "compensate": lambda element, content: Compensate(),
    "action": _any,
}


def number(element: Element, text: str) -> float:
    try:
        return float(text)
    except ValueError as problem:
        raise invalid(f"{text!r} is no number", element.line) from problem


def needed(element: Element, name: str) -> str:
    given = element.get(name)
    if given is None:
        raise invalid(f"<{element.tag}> needs {name}", element.line)
    return given
