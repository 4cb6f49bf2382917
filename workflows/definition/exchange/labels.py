"""What a diagram writes at a state and at an arrow, in the words of the definition."""

from __future__ import annotations

from workflows.definition.exchange.values import cel_source
from workflows.definition.program import Const, Program, State, Timer, Transition, Value


def state_label(state: State) -> str:
    """The title, else the last part of the id in plain words."""
    return state.title or state.id.rsplit(".", 1)[-1].replace("_", " ")


def arrow_label(owner: State, transition: Transition, *, guards: bool = True) -> str:
    """`approve`, `after 24 h`, `done`, …, with `[guard]` behind it; "" for an unguarded eventless transition."""
    words = transition.code or ", ".join(_event_words(owner, event) for event in transition.events)
    if guards and transition.when:
        return f"{words} [{transition.when}]".strip()
    return words


def process_label(program: Program) -> str:
    return f"{program.title} ({program.process} {program.version})"


def _event_words(owner: State, event: str) -> str:
    for timer in owner.timers:
        if timer.event == event:
            return timer_label(timer)
    if event.startswith(("done.state.", "done.invoke.")):
        return "done"
    if event.startswith("error.invoke."):
        return "failed"
    if event.startswith("done.do."):
        return f"{_action_words(owner, event)} done"
    if event.startswith("error.do."):
        return f"{_action_words(owner, event)} failed"
    return event


def _action_words(owner: State, event: str) -> str:
    """The effect's own id; ids made by the compiler start with the state, which the picture shows already."""
    effect = event.split(".do.", 1)[1]
    short = effect.removeprefix(f"{owner.id}.")
    head, _, last = short.rpartition(".")
    return head if head and last.isdigit() else short


def timer_label(timer: Timer) -> str:
    """`after 24 h`, `after 75 % of 48 working hours` or `at data.due_date`."""
    if timer.at is not None:
        return f"at {cel_source(timer.at)}"
    part = f"{timer.percent} % of " if timer.percent is not None else ""
    return f"after {part}{_duration_words(timer.after)}" if timer.after is not None else timer.event


def _duration_words(value: Value) -> str:
    if not isinstance(value, Const) or not isinstance(value.value, str):
        return cel_source(value)
    days, _, clock = value.value.removeprefix("P").partition("T")
    words: list[str] = []
    for part, names in ((days, {"W": "wk", "D": "d"}), (clock, {"H": "h", "M": "min", "S": "s"})):
        digits = ""
        for letter in part:
            if letter in names:
                words.append(f"{digits} {names[letter]}")
                digits = ""
            else:
                digits += letter
    return " ".join(words) or value.value
