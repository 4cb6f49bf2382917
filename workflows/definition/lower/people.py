"""What people are asked for: separation of duties, signatures, quorum."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.definition.lower.context import Lowering
from workflows.definition.lower.tree import Place
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean


def lower_not_by(lowering: Lowering, place: Place, words: Sequence[str], path: Path) -> tuple[str, ...]:
    """`STATE.CODE` as `<state id>/<code>`, a code of whatever state as `*/<code>`."""
    found = []
    for index, word in enumerate(words):
        act = word if word in ("creator", "assignee") else _act(lowering, place, word)
        if act is None:
            hint = did_you_mean(word, [*_codes(lowering), "creator", "assignee"])
            lowering.problem("J801", (*path, index), f"there is no transition `{word}` that somebody could take", hint)
        else:
            found.append(act)
    return tuple(found)


def _act(lowering: Lowering, place: Place, word: str) -> str | None:
    if word in _codes(lowering):
        return f"*/{word}"
    for cut in [index for index, character in enumerate(word) if character == "."]:
        state, code = lowering.tree.resolve(word[:cut], place), word[cut + 1 :]
        offered = state.node.transitions if state is not None and state.node is not None else {}
        if state is not None and (code in offered or code in lowering.document.transitions):
            return f"{state.id}/{code}"
    return None


def _codes(lowering: Lowering) -> list[str]:
    """All transition codes of the file."""
    places = lowering.tree.root.descendants()
    codes = [code for place in places if place.node is not None for code in place.node.transitions]
    return list(dict.fromkeys([*codes, *lowering.document.transitions]))
