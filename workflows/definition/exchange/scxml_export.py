"""Program to W3C SCXML with the data model `cel`.

Structure, guards, assignments, raised and sent events are plain SCXML. What SCXML has no word for (tasks, domain
events, registered actions, permissions) stands in elements and attributes of our own namespace, which other
readers skip. `scxml_extension.py` reads them back.

Under the data model `cel`, `<data id="x">` declares `data.x`, and every expression reads the names of
`expressions.SCOPE`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from workflows.definition.exchange.scxml_actions import actions_into, parameters_into, rest_into, value_attributes
from workflows.definition.exchange.scxml_extension import JIDOKA, PROCESS_TYPE
from workflows.definition.exchange.scxml_import import SCXML
from workflows.definition.program import Program, State, Timer, Transition


def to_scxml(program: Program) -> str:
    """The document, indented, with an XML declaration; the same text for the same program."""
    root = Element(
        "scxml",
        {
            "xmlns": SCXML,
            "xmlns:jidoka": JIDOKA,
            "version": "1.0",
            "datamodel": "cel",
            "name": program.process,
            "initial": " ".join(program.initial.targets),
        },
    )
    _process(root, program)
    if program.data:
        model = SubElement(root, "datamodel")
        for name, value in program.data.items():
            SubElement(model, "data", {"id": name, **value_attributes(value)})
    if program.script or program.initial.actions:
        actions_into(SubElement(root, "jidoka:script"), (*program.script, *program.initial.actions))
    for state in program.states:
        _state(root, state)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _process(root: Element, program: Program) -> None:
    facts = _attributes(
        title=program.title,
        version=program.version,
        number=program.number,
        by=program.start_by,
        require=program.start_require,
        max_microsteps=str(program.max_microsteps),
    )
    process = SubElement(root, "jidoka:process", facts)
    rest_into(process, program)
    if program.data_schema:
        _json(process, "jidoka:schema", program.data_schema)
    if program.start_form is not None:
        _json(process, "jidoka:form", program.start_form)
    for name, fact in program.facts.items():
        parameters_into(SubElement(process, "jidoka:fact", {"name": name, "call": fact.call}), fact.with_)


def _state(parent: Element, state: State) -> None:
    if state.kind == "history":
        element = SubElement(parent, "history", {"id": state.id, "type": "deep" if state.deep else "shallow"})
        if state.initial is not None:
            _transition(element, state.initial)
        return
    tag = {"parallel": "parallel", "final": "final"}.get(state.kind, "state")
    category = state.category if state.category != "active" else None
    element = SubElement(
        parent, tag, {"id": state.id, **_attributes(prefix="jidoka:", title=state.title, category=category)}
    )
    rest_into(element, state)
    if state.initial is not None:
        _transition(SubElement(element, "initial"), state.initial)
    _task(element, state)
    for block in state.entry:
        actions_into(SubElement(element, "onentry"), block)
    _timers(element, state.timers)
    for block in state.exit:
        actions_into(SubElement(element, "onexit"), block)
    for transition in state.transitions:
        _transition(element, transition)
    _invoke(element, state)
    if state.content is not None:
        SubElement(SubElement(element, "donedata"), "content", value_attributes(state.content))
    elif state.result is not None:
        parameters_into(SubElement(element, "donedata"), state.result)
    for child in state.children:
        _state(element, child)


def _transition(parent: Element, transition: Transition) -> None:
    plain = _attributes(
        event=transition.events,
        cond=transition.when,
        target=transition.targets,
        type="internal" if transition.internal else None,
    )
    ours = _attributes(
        prefix="jidoka:",
        code=transition.code,
        by=transition.by,
        title=transition.title,
        require=transition.require,
        refusal=transition.refusal,
    )
    element = SubElement(parent, "transition", plain | ours)
    rest_into(element, transition)
    if transition.form is not None:
        _json(element, "jidoka:form", transition.form)
    actions_into(element, transition.actions)


def _timers(element: Element, timers: Iterable[Timer]) -> None:
    """A wait is what SCXML writes for it: a delayed send on entry, its cancel on exit, marked as one timer."""
    for timer in timers:
        marks = {"id": timer.id, "event": timer.event, "jidoka:timer": "true"}
        entry, leave = SubElement(element, "onentry"), SubElement(element, "onexit")
        moment = {}
        if timer.after is not None:
            moment = value_attributes(timer.after, name="delayexpr")
        elif timer.at is not None:
            moment = value_attributes(timer.at, name="jidoka:at")
        rest_into(SubElement(entry, "send", marks | moment), timer)
        SubElement(leave, "cancel", {"sendid": timer.id, "jidoka:timer": "true"})


def _task(element: Element, state: State) -> None:
    task = state.task
    if task is None:
        return
    written = SubElement(element, "jidoka:task", _attributes(candidates=task.candidates, priority=str(task.priority)))
    rest_into(written, task)
    SubElement(written, "jidoka:title", value_attributes(task.title))
    if task.assignee is not None:
        SubElement(written, "jidoka:assignee", value_attributes(task.assignee))
    if task.due is not None:
        SubElement(written, "jidoka:due", value_attributes(task.due))
    if task.form is not None:
        _json(written, "jidoka:form", task.form)


def _invoke(element: Element, state: State) -> None:
    invoke = state.invoke
    if invoke is None:
        return
    ours = _attributes(
        prefix="jidoka:",
        of=invoke.of,
        item=invoke.item,
        sequential="true" if invoke.sequential else None,
        until=invoke.until,
        handles_failure="true" if invoke.handles_failure else None,
    )
    written = SubElement(element, "invoke", {"id": state.id, "type": PROCESS_TYPE, "src": invoke.process} | ours)
    parameters_into(written, invoke.with_)
    rest_into(written, invoke)


def _attributes(prefix: str = "", **given: str | Iterable[str] | None) -> dict[str, str]:
    """Attributes of what is there: None and empty lists are left out, lists are joined with blanks."""
    written = {
        name: value if isinstance(value, str) else " ".join(value) for name, value in given.items() if value is not None
    }
    return {prefix + name.replace("_", "-"): value for name, value in written.items() if value}


def _json(parent: Element, tag: str, value: Mapping[str, Any]) -> None:
    SubElement(parent, tag).text = json.dumps(value, ensure_ascii=False)
