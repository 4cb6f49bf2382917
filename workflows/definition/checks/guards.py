"""Guards compared as texts: whether some of them always hold together, as far as that can be decided."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workflows.definition.typing.fit import literal_text
from workflows.definition.typing.shapes import Shape, declared

_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_COMPARISON = re.compile(r"(?P<left>[^=!<>&|?]+?)\s*(?P<operator>==|!=|<=|>=|<|>)\s*(?P<right>[^=!<>&|?]+)")
_DATA = re.compile(r"data\.([A-Za-z_][\w.]*)")


def exhaustive(guards: Sequence[str], data: Shape) -> bool:
    """Whether one of the guards always holds: a condition beside its opposite, or all values of an enumeration."""
    plain = [" ".join(guard.split()) for guard in guards]
    return any(_opposite(guard) in plain for guard in plain) or _all_values(plain, data)


def _opposite(guard: str) -> str:
    match = _COMPARISON.fullmatch(guard)
    if match is not None:
        return f"{match['left']} {_OPPOSITES[match['operator']]} {match['right']}"
    if guard.startswith("!(") and guard.endswith(")"):
        return guard[2:-1]
    if guard.startswith("!"):
        return guard[1:]
    return f"!{guard}" if re.fullmatch(r"[\w.]+(\([^()]*\))?", guard) else f"!({guard})"


def _all_values(guards: Sequence[str], data: Shape) -> bool:
    compared: dict[str, set[str]] = {}
    for guard in guards:
        match = _COMPARISON.fullmatch(guard)
        name = _DATA.fullmatch(match["left"]) if match is not None and match["operator"] == "==" else None
        value = literal_text(match["right"]) if match is not None else None
        if name is not None and value is not None:
            compared.setdefault(name[1], set()).add(value)
    return any(_covers(name, values, data) for name, values in compared.items())


def _covers(name: str, values: set[str], data: Shape) -> bool:
    shape = declared(data, name)
    return shape is not None and bool(shape.enum) and not shape.nullable and values >= set(shape.enum)
