"""Program to a Mermaid `stateDiagram-v2`: nested states, parallel regions behind `--`, titles, guards.

Mermaid knows no history and no actions: a history state is drawn as a small state of its own, actions are left
out. State ids are written with `_` for the characters Mermaid refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workflows.definition.exchange.labels import arrow_label, process_label, state_label
from workflows.definition.program import Program, State, Transition

_INDENT = "    "
_ENTITIES = {"#": "#35;", ";": "#59;", '"': "#quot;", ":": "#58;", "\n": " ", "<": "#lt;", ">": "#gt;"}
"""Characters that end or change a Mermaid label; the numeric forms are Mermaid's own escape."""
_CLASSES = {
    "success": "fill:#e3f4e6",
    "failure": "fill:#fbe4e4",
    "cancelled": "fill:#ececec",
    "waiting": "fill:#fff4d6",
}


def to_mermaid(program: Program) -> str:
    """The diagram as text, one statement a line; the same text for the same program."""
    names = _names(program.states)
    lines = ["---", f"title: {_quoted(process_label(program))}", "---", "stateDiagram-v2"]
    lines += _region(program.states, program.initial, names, _INDENT)
    lines += _arrows(program.states, names)
    lines += _styles(program.states, names)
    return "\n".join(lines) + "\n"


def _names(states: Iterable[State]) -> dict[str, str]:
    """State id -> Mermaid id; collisions after replacing characters get a number."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for state in _walk(states):
        name = base = "s_" + "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in state.id)
        attempt = 2
        while name in taken:
            name = f"{base}_{attempt}"
            attempt += 1
        taken.add(name)
        names[state.id] = name
    return names


def _walk(states: Iterable[State]) -> Iterable[State]:
    for state in states:
        yield state
        yield from _walk(state.children)


def _region(states: Sequence[State], initial: Transition | None, names: dict[str, str], indent: str) -> list[str]:
    direct = {state.id for state in states}
    targets = initial.targets if initial is not None else ()
    lines = [f"{indent}[*] --> {names[target]}" for target in targets if target in direct]
    for state in states:
        lines += _state(state, names, indent)
    lines += [f"{indent}{names[state.id]} --> [*]" for state in states if state.kind == "final"]
    return lines


def _state(state: State, names: dict[str, str], indent: str) -> list[str]:
    label = "H*" if state.deep else "H"
    title = _text(state_label(state)) if state.kind != "history" else label
    head = f'{indent}state "{title}" as {names[state.id]}'
    if not state.children:
        return [head]
    lines = [f"{head} {{"]
    if state.kind == "parallel":
        for position, child in enumerate(state.children):
            if position:
                lines.append(f"{indent}{_INDENT}--")
            lines += _state(child, names, indent + _INDENT)
    else:
        lines += _region(state.children, state.initial, names, indent + _INDENT)
    return [*lines, f"{indent}}}"]


def _arrows(states: Iterable[State], names: dict[str, str]) -> list[str]:
    """All arrows stand outside the states: Mermaid places them by the ids."""
    lines: list[str] = []
    for state in _walk(states):
        arrows = list(state.transitions)
        if state.kind == "history" and state.initial is not None:
            arrows.append(state.initial)
        for transition in arrows:
            label = arrow_label(state, transition)
            for target in transition.targets or (state.id,):
                arrow = f"{_INDENT}{names[state.id]} --> {names[target]}"
                lines.append(f"{arrow} : {_text(label)}" if label else arrow)
    return lines


def _styles(states: Iterable[State], names: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for category, style in _CLASSES.items():
        members = [names[s.id] for s in _walk(states) if s.category == category and s.kind != "history"]
        if members:
            lines += [f"{_INDENT}classDef {category} {style}", f"{_INDENT}class {','.join(members)} {category}"]
    return lines


def _text(label: str) -> str:
    return "".join(_ENTITIES.get(letter, letter) for letter in label)


def _quoted(title: str) -> str:
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
