"""What `scxml_export` writes in our own namespace, read back: the other half of `scxml_actions`.

Only names the namespace and what stands in it; the structure of a document is read by `scxml_import`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from workflows.definition.exchange.markup import Element, invalid
from workflows.definition.program import (
    Action,
    Assign,
    Compensate,
    Compensation,
    Const,
    Do,
    Emit,
    Fact,
    Invoke,
    Raise,
    Retry,
    Send,
    Start,
    Task,
    Text,
    Timer,
    Value,
)

if TYPE_CHECKING:
    from workflows.definition.exchange.scxml_content import Content

JIDOKA = "urn:jidoka:scxml:1"
"""The namespace."""
PROCESS_TYPE = f"{JIDOKA}:process"
"""`type` of sends to, and invocations of, other processes."""

_VALUE: TypeAdapter[Value] = TypeAdapter(Value)


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
    return Raise(event=_needed(element, "event"), data=parameters(element, content))


def sent(element: Element, content: Content) -> Action:
    """A `<send>` to an instance of another process."""
    number = next((value_of(child, content) for child in element.all("number")), None)
    return Send(
        event=_needed(element, "event"),
        data=parameters(element, content),
        process=(element.get("target") or "").removeprefix("#_"),
        number=number,
    )


def _emit(element: Element, content: Content) -> Action:
    return Emit(event=_needed(element, "event"), data=parameters(element, content))


def _do(element: Element, content: Content) -> Action:
    undo = next(element.all("compensation"), None)
    retry = next(element.all("retry"), None)
    timeout = element.get("timeout-s")
    return Do(
        id=_needed(element, "id"),
        action=_needed(element, "action"),
        mode="sql" if element.get("mode") == "sql" else "activity",
        with_=parameters(element, content),
        retry=_retry(retry) if retry is not None else None,
        timeout_s=_number(element, timeout) if timeout is not None else None,
        compensate=_compensation(undo, content) if undo is not None else None,
        handles_failure=element.get("handles-failure") == "true",
    )


def _retry(element: Element) -> Retry:
    schedule = (element.get("schedule-s") or "").split()
    return Retry(
        first_s=_number(element, element.get("first-s") or "1"),
        factor=_number(element, element.get("factor") or "2"),
        most_s=_number(element, element.get("most-s") or "3600"),
        attempts=int(_number(element, element.get("attempts") or "8")),
        schedule_s=tuple(_number(element, seconds) for seconds in schedule),
    )


def _compensation(element: Element, content: Content) -> Compensation:
    return Compensation(
        action=_needed(element, "action"),
        with_=parameters(element, content),
        mode="sql" if element.get("mode") == "sql" else "activity",
    )


def _start(element: Element, content: Content) -> Action:
    number = next((value_of(child, content) for child in element.all("number")), None)
    return Start(
        id=_needed(element, "id"),
        process=_needed(element, "process"),
        data=parameters(element, content),
        number=number,
    )


def _assign(element: Element, content: Content) -> Action:
    return Assign(state=_needed(element, "state"), to=value_of(element, content))


_ACTIONS: dict[str, Callable[[Element, Content], Action]] = {
    "emit": _emit,
    "do": _do,
    "start": _start,
    "assign": _assign,
    "compensate": lambda element, content: Compensate(),
}


# --- states, transitions, the process -----------------------------------------------------------------------


def is_timer(block: Element) -> bool:
    """Whether an `<onentry>` or `<onexit>` is the half of a timer."""
    return any(own(child, "timer") == "true" for child in block.children)


def state_parts(element: Element, content: Content) -> dict[str, Any]:
    """Fields of a State that stand in our namespace."""
    parts: dict[str, Any] = {"title": own(element, "title")}
    if own(element, "category") is not None:
        parts["category"] = own(element, "category")
    task = next(filter(is_own, element.all("task")), None)
    invoke = next(element.all("invoke"), None)
    parts["timers"] = tuple(
        _timer(child, content)
        for block in element.all("onentry")
        for child in block.children
        if own(child, "timer") == "true"
    )
    parts["task"] = _task(task, content) if task is not None else None
    parts["invoke"] = _invoke(invoke, content) if invoke is not None else None
    return parts


def _timer(send: Element, content: Content) -> Timer:
    after = value_of(send, content, "delayexpr") if send.get("delayexpr") is not None else None
    at = own(send, "at")
    return Timer(
        id=_needed(send, "id"),
        event=_needed(send, "event"),
        after=after,
        at=typed(send) or content.value(at, send.line) if at is not None else None,
    )


def _task(element: Element, content: Content) -> Task:
    parts = {child.tag: child for child in element.children}
    title = value_of(parts["title"], content) if "title" in parts else Text(parts=("",))
    due, assignee = parts.get("due"), parts.get("assignee")
    return Task(
        title=title if isinstance(title, Text) else Text(parts=(str(title.value) if isinstance(title, Const) else "",)),
        candidates=_words(element.get("candidates")),
        assignee=value_of(assignee, content) if assignee is not None else None,
        form=_json(parts.get("form")),
        due=value_of(due, content) if due is not None else None,
        priority=int(_number(element, element.get("priority") or "3")),
    )


def _invoke(element: Element, content: Content) -> Invoke:
    if element.get("type") != PROCESS_TYPE:
        raise invalid("<invoke> is not convertible: name the child process in the definition", element.line)
    item, of = own(element, "item") or "item", own(element, "of")
    with content.loop(item if of is not None else None):
        arguments = parameters(element, content)
    return Invoke(
        process=_needed(element, "src"),
        of=of,
        item=item,
        with_=arguments,
        sequential=own(element, "sequential") == "true",
        until=own(element, "until"),
        handles_failure=own(element, "handles-failure") == "true",
    )


def transition_parts(element: Element) -> dict[str, Any]:
    """Fields of a Transition that stand in our namespace."""
    parts: dict[str, Any] = {
        "code": own(element, "code"),
        "by": _words(own(element, "by")),
        "title": own(element, "title"),
        "require": _words(own(element, "require")),
        "refusal": own(element, "refusal"),
        "form": _json(next(filter(is_own, element.all("form")), None)),
    }
    return parts


def program_parts(root: Element, content: Content) -> dict[str, Any] | None:
    """Fields of a Program that stand in our namespace; None: the document is not one of ours."""
    element = next(filter(is_own, root.all("process")), None)
    if element is None:
        return None
    children = {child.tag: child for child in element.children if child.tag != "fact"}
    return {
        "title": element.get("title") or "",
        "version": element.get("version") or "1.0.0",
        "number": element.get("number"),
        "start_by": _words(element.get("by")),
        "start_require": _words(element.get("require")),
        "start_form": _json(children.get("form")),
        "max_microsteps": int(_number(element, element.get("max-microsteps") or "1000")),
        "data_schema": _json(children.get("schema")) or {},
        "facts": {
            fact.get("name") or "": Fact(call=_needed(fact, "call"), with_=parameters(fact, content))
            for fact in element.all("fact")
        },
        "script": tuple(
            action for script in filter(is_own, root.all("script")) for action in content.actions(script.children)
        ),
    }


def _words(text: str | None) -> tuple[str, ...]:
    return tuple((text or "").split())


def _json(element: Element | None) -> dict[str, Any] | None:
    if element is None:
        return None
    try:
        found = json.loads(element.text)
    except (ValueError, RecursionError) as problem:
        raise invalid(f"<jidoka:{element.tag}> is not JSON", element.line) from problem
    if not isinstance(found, dict):
        raise invalid(f"<jidoka:{element.tag}> must be a JSON object", element.line)
    return found


def _number(element: Element, text: str) -> float:
    try:
        return float(text)
    except ValueError as problem:
        raise invalid(f"{text!r} is no number", element.line) from problem


def _needed(element: Element, name: str) -> str:
    given = element.get(name)
    if given is None:
        raise invalid(f"<{element.tag}> needs {name}", element.line)
    return given
