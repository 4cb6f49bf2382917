"""Tasks, waits, child processes, permissions and facts that `scxml_export` writes in our own namespace, read back."""

from __future__ import annotations

import json
from typing import Any

from workflows.definition.exchange.markup import Element, invalid
from workflows.definition.exchange.scxml_content import Content
from workflows.definition.exchange.scxml_extension import (
    PROCESS_TYPE,
    completed,
    is_own,
    needed,
    number,
    others,
    own,
    parameters,
    typed,
    value_of,
)
from workflows.definition.program import Const, Fact, Invoke, Task, Text, Timer


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
    timer = Timer(
        id=needed(send, "id"),
        event=needed(send, "event"),
        after=after,
        at=typed(send) or content.value(at, send.line) if at is not None else None,
    )
    return completed(timer, send)


def _task(element: Element, content: Content) -> Task:
    parts = {child.tag: child for child in element.children}
    title = value_of(parts["title"], content) if "title" in parts else Text(parts=("",))
    due, assignee = parts.get("due"), parts.get("assignee")
    task = Task(
        title=title if isinstance(title, Text) else Text(parts=(str(title.value) if isinstance(title, Const) else "",)),
        candidates=_words(element.get("candidates")),
        assignee=value_of(assignee, content) if assignee is not None else None,
        form=_json(parts.get("form")),
        due=value_of(due, content) if due is not None else None,
        priority=int(number(element, element.get("priority") or "3")),
    )
    return completed(task, element)


def _invoke(element: Element, content: Content) -> Invoke:
    if element.get("type") != PROCESS_TYPE:
        raise invalid("<invoke> is not convertible: name the child process in the definition", element.line)
    item, of = own(element, "item") or "item", own(element, "of")
    with content.loop(item if of is not None else None):
        arguments = parameters(element, content)
    invoke = Invoke(
        process=needed(element, "src"),
        of=of,
        item=item,
        with_=arguments,
        sequential=own(element, "sequential") == "true",
        until=own(element, "until"),
        handles_failure=own(element, "handles-failure") == "true",
    )
    return completed(invoke, element)


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
        "max_microsteps": int(number(element, element.get("max-microsteps") or "1000")),
        "data_schema": _json(children.get("schema")) or {},
        "facts": {
            fact.get("name") or "": Fact(call=needed(fact, "call"), with_=parameters(fact, content))
            for fact in element.all("fact")
        },
        **others(element),
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
