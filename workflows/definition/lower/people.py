"""What people are asked for: separation of duties, signatures, quorum."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.definition.document.people import QuorumNode, SignNode
from workflows.definition.lower.context import Lowering
from workflows.definition.lower.tree import Place
from workflows.definition.lower.values import check_roles
from workflows.definition.program import Quorum, Sign, Veto
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


def lower_sign(node: SignNode | None) -> Sign | None:
    return Sign(meaning=node.meaning, level=node.level) if node is not None else None


def lower_quorum(lowering: Lowering, place: Place, node: QuorumNode | None) -> Quorum | None:
    """A quorum that holds together; None after a diagnostic."""
    if node is None:
        return None
    required = node.required if isinstance(node.required, dict) else dict.fromkeys(node.codes, node.required)
    for code, words in required.items():
        inner = ("required", code) if isinstance(node.required, dict) else ("required",)
        check_roles(lowering, words, (*node.path, *inner))
    if node.veto is not None:
        check_roles(lowering, node.veto.by, (*node.veto.path, "by"))
    _check_codes(lowering, place, node)
    for code, needed in node.codes.items():
        if needed > node.of:
            message = f"`{code}` needs {needed} votes, but only {node.of} people vote"
            lowering.problem("J802", (*node.path, "codes", code), message)
    return Quorum(
        codes=node.codes,
        of=node.of,
        required={code: tuple(words) for code, words in required.items() if words},
        veto=Veto(by=tuple(node.veto.by), code=node.veto.code) if node.veto is not None else None,
        otherwise=node.otherwise,
    )


def _check_codes(lowering: Lowering, place: Place, node: QuorumNode) -> None:
    """Every code is a transition of the state with the task, and what is required or vetoed is a vote."""
    offered = place.node.transitions if place.node is not None else {}
    votes: list[tuple[str, Path]] = [(code, (*node.path, "codes", code)) for code in node.codes]
    for code, path in [*votes, (node.otherwise, (*node.path, "otherwise"))]:
        if code not in offered:
            hint = did_you_mean(code, list(offered))
            lowering.problem("J803", path, f"the state has no transition `{code}` that people could vote for", hint)
    required = node.required if isinstance(node.required, dict) else {}
    named: list[tuple[str, Path]] = [(code, (*node.path, "required", code)) for code in required]
    if node.veto is not None:
        named.append((node.veto.code, (*node.veto.path, "code")))
    for code, path in named:
        if code not in node.codes:
            lowering.problem("J803", path, f"`{code}` is no vote of this quorum", did_you_mean(code, list(node.codes)))


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
