"""What people are asked for and cannot give: votes of too few, duties that are kept apart from everybody."""

from __future__ import annotations

from workflows.definition.document.states import TaskNode, TransitionNode
from workflows.definition.lower.context import Lowering

_ONE_PERSON = ("creator", "assignee")


def check_people(lowering: Lowering) -> None:
    """Quorums, votes and `not_by` of every state."""
    for place in lowering.tree.root.descendants():
        node = place.node
        if node is None:
            continue
        if node.task is not None:
            _task(lowering, node.task)
        for code, alternatives in node.transitions.items():
            _apart(lowering, alternatives)
            if node.task is not None and node.task.quorum is not None and code in node.task.quorum.codes:
                _vote(lowering, alternatives)


def _task(lowering: Lowering, task: TaskNode) -> None:
    quorum = task.quorum
    if quorum is None:
        return
    people = {word for word in task.candidates if word.startswith("user:")}
    if len(people) == len(task.candidates) and len(people) < quorum.of:
        message = f"{quorum.of} people vote, but there are only {len(people)} candidates"
        lowering.problem("J804", (*quorum.path, "of"), message)
    if task.assignee is not None:
        message = "`assignee` gives the task to one person, `quorum` lets several decide"
        lowering.problem("J805", (*task.path, "assignee"), message, key=True)


def _vote(lowering: Lowering, alternatives: list[TransitionNode]) -> None:
    for node in alternatives:
        if node.sign is not None and node.sign.level == "S3":
            hint = "with `level: S2` every vote is signed, each by another person"
            lowering.problem("J805", (*node.sign.path, "level"), "a vote is not signed by two people", hint)


def _apart(lowering: Lowering, alternatives: list[TransitionNode]) -> None:
    """`by` names only one person, and `not_by` the same."""
    by: list[str] | None = None
    for node in alternatives:
        by = node.by if node.by is not None else by
        barred = [word for word in by or () if word in _ONE_PERSON and word in (node.not_by or ())]
        if by and len(barred) == len(by):
            message = f"nobody may: `by` means only `{barred[0]}`, and `not_by` keeps `{barred[0]}` away"
            lowering.problem("J806", (*node.path, "not_by"), message, key=True)
