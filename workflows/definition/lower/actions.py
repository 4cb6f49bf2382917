"""Actions: shorthands spelled out, ids given, calls and expressions noted for the checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.definition.document import actions as written
from workflows.definition.document.base import Node
from workflows.definition.lower.context import Assignment, Call, Lowering, Names, Waiting
from workflows.definition.lower.tree import Place
from workflows.definition.lower.values import (
    literal_seconds,
    lower_duration,
    lower_expression,
    lower_text,
    lower_value,
    lower_values,
    lower_who,
)
from workflows.definition.program import (
    Action,
    Assign,
    Branch,
    Cancel,
    Cel,
    Compensate,
    Compensation,
    Const,
    Do,
    Emit,
    ForEach,
    If,
    Items,
    Log,
    Raise,
    Retry,
    Send,
    Set,
    Start,
    Value,
)
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean
from workflows.definition.typing.fit import coerced
from workflows.definition.typing.shapes import DYN, declared

NOTIFY_ACTION = "notify.email"
DOCUMENT_ACTION = "document.pdf"
ERROR: dict[str, Any] = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "details": {"type": "object"}},
}
FAILURE: dict[str, Any] = {"type": "object", "properties": {"error": ERROR}}
"""Payload when the attempts of an action are used up."""
RECIPIENT_WORDS = ("assignee", "candidates", "creator")


@dataclass(frozen=True, slots=True)
class Owner:
    """Where actions stand."""

    place: Place
    """State that runs them; ids are made of its id."""
    home: Place | None
    """State that is active afterwards and waits for what they report; None on the way out."""


def lower_actions(lowering: Lowering, nodes: Sequence[Any], owner: Owner, names: Names) -> tuple[Action, ...]:
    lowered: list[Action] = []
    for node in nodes:
        lowered.extend(_LOWER[type(node)](lowering, node, owner, names))
    return tuple(lowered)


def lower_set(lowering: Lowering, values: dict[str, Any], path: Path, names: Names) -> list[Action]:
    """One assignment to a `Set`: the order of the mapping has a meaning, and canonical JSON would lose it."""
    lowered: list[Action] = []
    for target, raw in values.items():
        place = (*path, target)
        lowering.assignments.append(Assignment(target, raw, place, names))
        value = coerced(raw, declared(lowering.data_shape, target) or DYN)
        lowered.append(Set(values={target: lower_value(lowering, value, place, names)}))
    return lowered


def lower_notify(
    lowering: Lowering, recipients: list[str], path: Path, owner: Owner, names: Names, texts: dict[str, Value]
) -> Action:
    """A call of the action that tells people; `assignee`, `candidates` and `creator` are resolved when it is sent."""
    to = tuple(
        Const(value=text) if text in RECIPIENT_WORDS else lower_who(lowering, text, (*path, index), names)
        for index, text in enumerate(recipients)
    )
    constant = all(isinstance(item, Const) for item in to)
    arguments: dict[str, Value] = {
        "to": Const(value=recipients) if constant else Items(items=to),
        **texts,
        "state": Const(value=owner.place.id),
    }
    return _call(lowering, NOTIFY_ACTION, arguments, path, owner)


def _set(lowering: Lowering, node: written.SetAction, owner: Owner, names: Names) -> list[Action]:
    return lower_set(lowering, node.set, (*node.path, "set"), names)


def _decide(lowering: Lowering, node: written.DecideAction, owner: Owner, names: Names) -> list[Action]:
    """Shorthand: `into` for a `set`, `set` for a `for_each` over the one decision."""
    table = lowering.document.tables.get(node.decide)
    if table is None and node.decide not in lowering.written_tables:
        hint = did_you_mean(node.decide, lowering.document.tables) or "declare it under `tables`"
        lowering.problem("J707", (*node.path, "decide"), f"there is no decision table `{node.decide}`", hint)
    if table is None:
        return []
    if node.into is None and node.set is None:
        lowering.problem("J102", node.path, "a `decide` that does nothing", "add `into` or `set`")
    source = f"tables.{node.decide}"
    lowered: list[Action] = []
    if node.into is not None:
        path = (*node.path, "into")
        is_list = table.hit == "collect" and not table.aggregate
        fields = dict.fromkeys((*table.outputs, *table.aggregate))
        raw = source if is_list else {name: f"{source}.{name}" for name in fields}
        lowering.assignments.append(Assignment(node.into, raw, path, names))
        lowered.append(Set(values={node.into: Cel(source=lowering.expression(source, path, names))}))
    if node.set is not None:
        of = lowering.expression(f"[{source}]", (*node.path, "set"), names, "list")
        actions = lower_set(lowering, node.set, (*node.path, "set"), names.bind(decision=of))
        lowered.append(ForEach(of=of, item="decision", actions=tuple(actions)))
    return lowered


def _with(lowering: Lowering, node: Any, names: Names) -> dict[str, Value]:
    return lower_values(lowering, node.with_, (*node.path, "with"), names)


def _raise(lowering: Lowering, node: written.RaiseAction, owner: Owner, names: Names) -> list[Action]:
    lowering.raised.append((node.event, (*node.path, "raise")))
    return [Raise(event=node.event, data=_with(lowering, node, names))]


def _send(lowering: Lowering, node: written.SendAction, owner: Owner, names: Names) -> list[Action]:
    if node.to is not None:
        check_process(lowering, node.to.process, (*node.to.path, "process"))
        if node.delay is not None or node.id is not None:
            key = "delay" if node.delay is not None else "id"
            lowering.problem("J109", (*node.path, key), f"`{key}` goes only with a `send` to this instance", key=True)
    else:
        lowering.raised.append((node.event, (*node.path, "send")))
        lowering.send_ids.update([node.id] if node.id else [])
    number = node.to.number if node.to else None
    return [
        Send(
            event=node.event,
            data=_with(lowering, node, names),
            process=node.to.process if node.to else None,
            number=lower_expression(lowering, number, (*node.path, "to", "number"), names, "string"),
            delay=lower_duration(lowering, node.delay, (*node.path, "delay"), names),
            id=node.id,
        )
    ]


def _cancel(lowering: Lowering, node: written.CancelAction, owner: Owner, names: Names) -> list[Action]:
    lowering.cancelled.append((node.cancel, (*node.path, "cancel")))
    return [Cancel(id=node.cancel)]


def _emit(lowering: Lowering, node: written.EmitAction, owner: Owner, names: Names) -> list[Action]:
    return [Emit(event=node.emit, data=_with(lowering, node, names))]


def _do(lowering: Lowering, node: written.DoAction, owner: Owner, names: Names) -> list[Action]:
    path = (*node.path, "do")
    arguments_path = (*node.path, "with")
    lowering.calls.append(Call(node.do, "action", node.with_, path, arguments_path, names))
    signature = lowering.catalogue.get(node.do, "sql", "activity")
    mode = "sql" if signature is not None and signature.mode == "sql" else "activity"
    if mode == "sql":
        _refuse_reporting(lowering, node)
    identity = _do_id(lowering, node.do, node.id, path, owner)
    result = names.with_event(signature.output if signature is not None and signature.output else None)
    _wait(lowering, node, "done", f"done.do.{identity}", owner, result)
    _wait(lowering, node, "failed", f"error.do.{identity}", owner, names.with_event(FAILURE))
    action = Do(
        id=identity,
        action=node.do,
        mode="sql" if mode == "sql" else "activity",
        with_=_with(lowering, node, names),
        retry=_retry(lowering, node.retry),
        timeout_s=_seconds(lowering, node.timeout, (*node.path, "timeout")),
        compensate=_undo(lowering, node.undo, result),
        handles_failure=node.failed is not None,
    )
    return [action]


def _refuse_reporting(lowering: Lowering, node: written.DoAction) -> None:
    for key in ("retry", "timeout", "done", "failed"):
        if getattr(node, key) is not None:
            message = f"`{node.do}` runs inside the step and is done or refused with it: no `{key}`"
            lowering.problem("J109", (*node.path, key), message, key=True)


def _do_id(lowering: Lowering, action: str, given: str | None, path: Path, owner: Owner) -> str:
    if given is None:
        stem = f"{owner.place.id}.{action}"
        lowering.counters[stem] += 1
        return f"{stem}.{lowering.counters[stem]}"
    if given in lowering.do_ids:
        lowering.problem("J202", (*path[:-1], "id"), f"the id `{given}` is used twice")
    lowering.do_ids[given] = path
    return given


def _wait(lowering: Lowering, node: written.DoAction, key: str, event: str, owner: Owner, names: Names) -> None:
    outcomes = node.done if key == "done" else node.failed
    if outcomes is None:
        return
    if owner.home is None or owner.home.kind in ("final", "history"):
        message = f"`{key}` is never taken: no state waits for the action"
        lowering.problem("J205", (*node.path, key), message, "move the action to the entry of a state", key=True)
        return
    if key == "failed":
        lowering.failures.append(outcomes)
    lowering.waiting.append(Waiting(owner.home, event, outcomes, names))


def _retry(lowering: Lowering, node: written.RetryPolicy | None) -> Retry | None:
    if node is None:
        return None
    if node.schedule is not None:
        for key in ("first", "factor", "most"):
            if getattr(node, key) is not None:
                lowering.problem("J109", (*node.path, key), f"`{key}` does not go with `schedule`", key=True)
        waits = [literal_seconds(lowering, text, (*node.path, "schedule", i)) for i, text in enumerate(node.schedule)]
        schedule = tuple(wait for wait in waits if wait is not None)
        attempts = node.attempts if node.attempts is not None else len(schedule) + 1
        return Retry(schedule_s=schedule, attempts=attempts)
    chosen: dict[str, Any] = {
        "first_s": _seconds(lowering, node.first, (*node.path, "first")),
        "most_s": _seconds(lowering, node.most, (*node.path, "most")),
        "factor": node.factor,
        "attempts": node.attempts,
    }
    return Retry(**{key: value for key, value in chosen.items() if value is not None})


def _seconds(lowering: Lowering, text: str | None, path: Path) -> float | None:
    return None if text is None else literal_seconds(lowering, text, path)


def _undo(lowering: Lowering, node: written.Undo | None, names: Names) -> Compensation | None:
    if node is None:
        return None
    arguments_path = (*node.path, "with")
    lowering.calls.append(Call(node.do, "action", node.with_, (*node.path, "do"), arguments_path, names))
    signature = lowering.catalogue.get(node.do, "sql", "activity")
    mode = "sql" if signature is not None and signature.mode == "sql" else "activity"
    return Compensation(action=node.do, mode=mode, with_=_with(lowering, node, names))


def _notify(lowering: Lowering, node: written.NotifyAction, owner: Owner, names: Names) -> list[Action]:
    texts: dict[str, Value] = {
        key: lower_text(lowering, text, (*node.path, key), names)
        for key, text in (("subject", node.subject), ("text", node.text))
        if text is not None
    }
    if node.urgency is not None:
        texts["urgency"] = Const(value=node.urgency)
    return [lower_notify(lowering, node.notify, (*node.path, "notify"), owner, names, texts)]


def _document(lowering: Lowering, node: written.DocumentAction, owner: Owner, names: Names) -> list[Action]:
    path = (*node.path, "document")
    return [_call(lowering, DOCUMENT_ACTION, {"title": lower_text(lowering, node.document, path, names)}, path, owner)]


def _call(lowering: Lowering, action: str, arguments: dict[str, Value], path: Path, owner: Owner) -> Do:
    """A `do` that a shorthand stands for."""
    signature = lowering.catalogue.get(action, "sql", "activity")
    if signature is None:
        lowering.problem("J401", path, f"the action `{action}`, which this stands for, is not registered", key=True)
    return Do(
        id=_do_id(lowering, action, None, path, owner),
        action=action,
        mode="sql" if signature is not None and signature.mode == "sql" else "activity",
        with_=arguments,
    )


def _start(lowering: Lowering, node: written.StartAction, owner: Owner, names: Names) -> list[Action]:
    check_process(lowering, node.start, (*node.path, "start"))
    identity = node.id
    if identity is None:
        stem = f"{owner.place.id}.start.{node.start}"
        lowering.counters[stem] += 1
        identity = f"{stem}.{lowering.counters[stem]}"
    return [
        Start(
            id=identity,
            process=node.start,
            data=_with(lowering, node, names),
            number=lower_expression(lowering, node.number, (*node.path, "number"), names, "string"),
        )
    ]


def check_process(lowering: Lowering, process: str, path: Path) -> None:
    known = lowering.catalogue.processes
    if known is not None and process not in known and process != lowering.document.process:
        lowering.problem("J403", path, f"there is no process `{process}`", did_you_mean(process, sorted(known)))


def _compensate(lowering: Lowering, node: Node, owner: Owner, names: Names) -> list[Action]:
    return [Compensate()]


def _if(lowering: Lowering, node: written.IfAction, owner: Owner, names: Names) -> list[Action]:
    condition = lowering.expression(node.condition, (*node.path, "if"), names, "bool")
    then = lower_actions(lowering, node.then, owner, names)
    otherwise = lower_actions(lowering, node.otherwise, owner, names)
    return [If(branches=(Branch(when=condition, actions=then),), otherwise=otherwise)]


def _for_each(lowering: Lowering, node: written.ForEachAction, owner: Owner, names: Names) -> list[Action]:
    of = lowering.expression(node.for_each, (*node.path, "for_each"), names, "list")
    bound = {node.as_: of} | ({node.index: None} if node.index else {})
    inner = names.bind(**bound)
    actions = lower_actions(lowering, node.actions, owner, inner)
    return [ForEach(of=of, item=node.as_, index=node.index, actions=actions)]


def _log(lowering: Lowering, node: written.LogAction, owner: Owner, names: Names) -> list[Action]:
    has_value = "value" in node.model_fields_set
    value = lower_value(lowering, node.value, (*node.path, "value"), names) if has_value else None
    return [Log(label=node.log, value=value)]


def _assign(lowering: Lowering, node: written.AssignAction, owner: Owner, names: Names) -> list[Action]:
    state = _state_of_task(lowering, node, owner)
    return [Assign(state=state.id, to=lower_who(lowering, node.assign, (*node.path, "assign"), names))]


def _state_of_task(lowering: Lowering, node: written.AssignAction, owner: Owner) -> Place:
    state = owner.place if node.task_of is None else lowering.tree.resolve(node.task_of, owner.place)
    if state is None:
        hint = did_you_mean(str(node.task_of), lowering.tree.by_id)
        lowering.problem("J201", (*node.path, "task_of"), f"there is no state `{node.task_of}`", hint)
        return owner.place
    if state.node is None or state.node.task is None:
        message = f"the state `{state.id}` has no task"
        lowering.problem("J203", (*node.path, "assign"), message, "name the state with `task_of`")
    return state


_LOWER: dict[type[Node], Callable[[Lowering, Any, Owner, Names], list[Action]]] = {
    written.SetAction: _set,
    written.DecideAction: _decide,
    written.RaiseAction: _raise,
    written.SendAction: _send,
    written.CancelAction: _cancel,
    written.EmitAction: _emit,
    written.DoAction: _do,
    written.NotifyAction: _notify,
    written.DocumentAction: _document,
    written.StartAction: _start,
    written.CompensateAction: _compensate,
    written.IfAction: _if,
    written.ForEachAction: _for_each,
    written.LogAction: _log,
    written.AssignAction: _assign,
}
