"""Actions of a Program as closures over a draft. Compiled once per chart; `owner` is the state they belong to.

Actions change the draft and gather effects. They never touch the configuration: that is the interpreter's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from workflows.definition import program as form
from workflows.definition.expressions import compile_expression
from workflows.domain.errors import ExpressionFailed
from workflows.engine import clocks
from workflows.engine.draft import Draft
from workflows.engine.values import Evaluate, compile_record, compile_value

Run = Callable[[Draft], None]
Names = tuple[str, ...]


def compile_blocks(blocks: Iterable[Iterable[form.Action]], owner: str | None) -> tuple[Run, ...]:
    """All actions of all blocks in document order."""
    return tuple(compile_action(action, owner, ()) for block in blocks for action in block)


def compile_action(action: form.Action, owner: str | None, names: Names) -> Run:
    """One action as a closure.

    Raises:
        InvalidInput: an expression in it is none, or reads an unknown name.
    """
    return _COMPILERS[action.kind](action, owner, names)


def _set(action: form.Set, owner: str | None, names: Names) -> Run:
    assignments = [(tuple(path.split(".")), compile_value(value, names)) for path, value in action.values.items()]

    def run(draft: Draft) -> None:
        for path, evaluate in assignments:
            draft.assign(path, evaluate(draft))

    return run


def _raise(action: form.Raise, owner: str | None, names: Names) -> Run:
    event, data = action.event, compile_payload(action, names)
    return lambda draft: draft.internal.append((event, data(draft)))


def compile_payload(action: form.Raise | form.Send, names: Names) -> Evaluate:
    """What an event carries: a map of values, or one value that is the whole of it."""
    if action.content is not None:
        return compile_value(action.content, names)
    return compile_record(action.data, names)


def _send(action: form.Send, owner: str | None, names: Names) -> Run:
    event, send_id = action.event, action.id
    data = compile_payload(action, names)
    if action.process is not None:
        return _send_away(action, owner, names, data)
    if action.delay is None:
        return lambda draft: draft.external.append((event, data(draft)))
    delay = compile_value(action.delay, names)

    def run(draft: Draft) -> None:
        payload, (due, _) = data(draft), clocks.after(draft.chart, draft.event.at, delay(draft))
        timer = f"send.{draft.next_number('send')}"
        draft.start_timer(timer, due=due, event=event, data=payload, state=owner, send=send_id)

    return run


def _send_away(action: form.Send, owner: str | None, names: Names, data: Evaluate) -> Run:
    number = compile_value(action.number or form.Const(value=None), names)

    def run(draft: Draft) -> None:
        draft.pend(
            {
                "kind": "send",
                "state": owner,
                "event": action.event,
                "data": data(draft),
                "process": action.process,
                "number": number(draft),
            }
        )

    return run


def _cancel(action: form.Cancel, owner: str | None, names: Names) -> Run:
    def run(draft: Draft) -> None:
        for timer in [key for key, timer in draft.timers.items() if timer["send"] == action.id]:
            draft.cancel_timer(timer)

    return run


def _emit(action: form.Emit, owner: str | None, names: Names) -> Run:
    data = compile_record(action.data, names)
    return lambda draft: draft.effects.append(
        {"kind": "emit", "state": owner, "event": action.event, "data": data(draft)}
    )


def _do(action: form.Do, owner: str | None, names: Names) -> Run:
    arguments = compile_record(action.with_, names)
    undo = compile_record(action.compensate.with_, names) if action.compensate else None
    fixed = {
        "kind": "do",
        "state": owner,
        "def": action.id,
        "action": action.action,
        "mode": action.mode,
        "retry": action.retry.model_dump(mode="json") if action.retry else None,
        "timeout_s": action.timeout_s,
        "handles_failure": action.handles_failure,
    }
    if action.compensate:
        fixed["compensate"] = action.compensate.action

    def run_sql(draft: Draft) -> None:
        effect = draft.next_number("effect")
        draft.effects.append({**fixed, "with": arguments(draft), "id": effect})
        if action.compensate and undo:
            remember(draft, effect, action.compensate, undo(draft))

    def run_activity(draft: Draft) -> None:
        draft.pend({**fixed, "with": arguments(draft)})

    return run_sql if action.mode == "sql" else run_activity


def remember(draft: Draft, effect: str, compensation: form.Compensation, arguments: dict[str, Any]) -> None:
    """Note that an action has succeeded and how to take it back."""
    draft.own("completed").append(
        {"effect": effect, "action": compensation.action, "mode": compensation.mode, "with": arguments}
    )


def _compensate(action: form.Compensate, owner: str | None, names: Names) -> Run:
    def run(draft: Draft) -> None:
        for done in reversed(draft.completed):
            effect = {
                "kind": "do",
                "state": owner,
                "def": f"compensate.{done['effect']}",
                "action": done["action"],
                "mode": done["mode"],
                "with": done["with"],
                "retry": None,
                "timeout_s": None,
                "handles_failure": False,
            }
            if done["mode"] == "sql":
                draft.effects.append({**effect, "id": draft.next_number("effect")})
            else:
                draft.pend(effect)
        draft.own("completed").clear()

    return run


def _start(action: form.Start, owner: str | None, names: Names) -> Run:
    data = compile_record(action.data, names)
    number = compile_value(action.number or form.Const(value=None), names)

    def run(draft: Draft) -> None:
        draft.pend(
            {
                "kind": "start",
                "state": owner,
                "def": action.id,
                "process": action.process,
                "data": data(draft),
                "number": number(draft),
            }
        )

    return run


def _if(action: form.If, owner: str | None, names: Names) -> Run:
    branches = [
        (compile_expression(branch.when, names), [compile_action(inner, owner, names) for inner in branch.actions])
        for branch in action.branches
    ]
    otherwise = [compile_action(inner, owner, names) for inner in action.otherwise]

    def run(draft: Draft) -> None:
        chosen = next((actions for condition, actions in branches if condition.holds(draft.scope())), otherwise)
        for inner in chosen:
            inner(draft)

    return run


def _for_each(action: form.ForEach, owner: str | None, names: Names) -> Run:
    of = compile_expression(action.of, names)
    bound = (*names, action.item, *([action.index] if action.index else []))
    body = [compile_action(inner, owner, bound) for inner in action.actions]

    def run(draft: Draft) -> None:
        for position, item in enumerate(as_list(of.value(draft.scope()), action.of)):
            earlier = draft.bind({action.item: item} | ({action.index: position} if action.index else {}))
            for inner in body:
                inner(draft)
            draft.names = earlier
            draft.stale()

    return run


def as_list(value: Any, source: str) -> list[Any]:
    """The value, if it is a list.

    Raises:
        ExpressionFailed: it is none.
    """
    if isinstance(value, list):
        return value
    reason = f"gave {type(value).__name__}, not a list"
    raise ExpressionFailed(
        f"expression {source!r} {reason}", details={"expression": source, "reason": reason, "inputs": {}}
    )


def _log(action: form.Log, owner: str | None, names: Names) -> Run:
    value = compile_value(action.value or form.Const(value=None), names)
    return lambda draft: draft.effects.append(
        {"kind": "log", "state": owner, "label": action.label, "value": value(draft)}
    )


def _assign(action: form.Assign, owner: str | None, names: Names) -> Run:
    to = compile_value(action.to, names)
    return lambda draft: assign_task(draft, action.state, to(draft))


def assign_task(draft: Draft, state: str, to: Any) -> None:
    """Give the open task of a state to `user:NAME`, put it before `role:NAME`, or release it (null or "")."""
    for key, task in draft.tasks.items():
        if task["state"] != state:
            continue
        kind, _, name = (to or "").partition(":")
        changed = {field: value for field, value in task.items() if field != "claimed_for"}
        changed["assignee"] = name if kind == "user" else None
        if name and kind != "user":
            changed["candidates"] = [to]
        draft.own("tasks")[key] = changed
        draft.effects.append({"kind": "task_assign", "state": state, "task": key, "to": to or None})
        return


_COMPILERS: dict[str, Callable[[Any, str | None, Names], Run]] = {
    "set": _set,
    "raise": _raise,
    "send": _send,
    "cancel": _cancel,
    "emit": _emit,
    "do": _do,
    "start": _start,
    "compensate": _compensate,
    "if": _if,
    "for_each": _for_each,
    "log": _log,
    "assign": _assign,
}
