"""Who is meant: the words of `by` against an actor, the task a transition is about, and how a refusal names people."""

from __future__ import annotations

import re
from typing import Any

from workflows.engine.draft import Draft
from workflows.engine.events import Actor
from workflows.engine.tables import Arc

_ABBREVIATIONS = frozenset(
    {
        "api",
        "asn",
        "capa",
        "coa",
        "cnc",
        "cto",
        "ceo",
        "ecn",
        "eco",
        "ehs",
        "erp",
        "fai",
        "hr",
        "hse",
        "iso",
        "it",
        "kpi",
        "mes",
        "mrb",
        "mrp",
        "ncr",
        "oee",
        "pm",
        "pmo",
        "ppap",
        "qa",
        "qc",
        "qe",
        "qms",
        "rma",
        "scar",
        "smt",
        "spc",
        "sqe",
        "tpm",
        "wms",
    }
)


def is_meant(word: str, actor: Actor) -> bool:
    """Whether `role:x`, `group:x` or `user:x` means this actor."""
    kind, _, name = word.partition(":")
    if kind == "role":
        return name in actor.roles
    if kind == "group":
        return name in actor.groups
    return kind == "user" and name == actor.username


def task_at(draft: Draft, source: int) -> dict[str, Any] | None:
    """The open task a transition is about: of its state, else of the nearest state around, else of one within."""
    if not draft.tasks:
        return None
    nodes = draft.chart.nodes
    by_state = {task["state"]: task for task in draft.tasks.values()}
    within = range(source + 1, nodes[source].last + 1)
    for number in (source, *nodes[source].path, *within):
        task = by_state.get(nodes[number].id)
        if task is not None:
            return task
    return None


def refusal(draft: Draft, arcs: list[Arc]) -> str:
    """For people: who may take these transitions, none of which the actor may."""
    task = task_at(draft, arcs[0].source)
    words = [word for arc in arcs for word in (arc.by or ("system",))]
    names = list(dict.fromkeys(name for word in words for name in _names(word, task)))
    if task is not None:
        return f"This task is assigned to {either(names)}, not you"
    return f"Only {either(names)} may do this, not you"


def _names(word: str, task: dict[str, Any] | None) -> list[str]:
    if word == "creator":
        return ["the creator"]
    if word in ("assignee", "candidates"):
        if task is not None and task["assignee"] is not None:
            return [in_words(task["assignee"])]
        if task is not None and word == "candidates":
            return [in_words(candidate.partition(":")[2]) for candidate in task["candidates"]]
        return ["nobody yet"]
    return [in_words(word.partition(":")[2] or word)]


def either(names: list[str]) -> str:
    """`a, b or c`."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def in_words(name: str) -> str:
    """`qc_manager` as "QC Manager"."""
    parts = [part for part in re.split(r"[_\-.\s]+", name) if part]
    return " ".join(part.upper() if part.lower() in _ABBREVIATIONS else part[0].upper() + part[1:] for part in parts)
