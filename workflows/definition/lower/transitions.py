"""Transitions: alternatives, permissions, forms, targets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from workflows.definition.document.states import Outcome, TransitionNode
from workflows.definition.lower.actions import Owner, lower_actions, lower_set
from workflows.definition.lower.context import Assignment, Lowering, Names
from workflows.definition.lower.people import lower_not_by, lower_sign
from workflows.definition.lower.tree import Place
from workflows.definition.lower.values import check_roles
from workflows.definition.program import (
    Action,
    Branch,
    Cel,
    Emit,
    If,
    Raise,
    Set,
    Transition,
)
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean

RESERVED_CODES = re.compile(r"(?:done|error|after|child)(?:\..*)?")
"""Events of the engine itself."""


class TransitionList:
    """The transitions of one state, numbered in order."""

    def __init__(self, lowering: Lowering, place: Place) -> None:
        self.lowering = lowering
        self.place = place
        self.items: list[Transition] = []

    def add_code(self, code: str, alternatives: Sequence[TransitionNode]) -> None:
        """The alternatives under one transition code."""
        if RESERVED_CODES.fullmatch(code):
            path = alternatives[0].path
            path = path if path and path[-1] == code else path[:-1]
            self.lowering.problem(
                "J104", path, f"`{code}` is reserved for events of the engine", "choose another code", key=True
            )
        by, form, title = self._default_by(), self._task_form(), None
        not_by: tuple[str, ...] = ()
        for position, node in enumerate(alternatives):
            by, title = node.by if node.by is not None else by, node.title or title
            if node.form is not None:
                form = self.lowering.form(node.form, (*node.path, "form"))
            if node.by is not None:
                check_roles(self.lowering, node.by, (*node.path, "by"))
            if node.not_by is not None:
                not_by = lower_not_by(self.lowering, self.place, node.not_by, (*node.path, "not_by"))
            self._check_refusal(node, last=position == len(alternatives) - 1)
            payload = required_form(form, node.require)
            self._append(
                node,
                Names(event=payload),
                code=code,
                events=(code,),
                by=tuple(by or ()),
                title=title,
                require=tuple(node.require),
                form=form,
                refusal=node.otherwise,
                not_by=not_by,
                sign=lower_sign(node.sign),
            )

    def add(self, nodes: Sequence[Outcome], events: tuple[str, ...], names: Names | None = None) -> None:
        """Transitions that only the engine takes; no events means eventless."""
        for node in nodes:
            self._append(node, names or Names(), events=events)

    def append(self, events: tuple[str, ...], actions: tuple[Action, ...]) -> None:
        """A targetless transition that stands in no file as such."""
        self.items.append(Transition(id=self._next_id(), events=events, actions=actions))

    def _next_id(self) -> str:
        return f"{self.place.id}/{len(self.items)}"

    def _append(self, node: Outcome, names: Names, **rest: Any) -> None:
        lowering = self.lowering
        identity = self._next_id()
        # The place is taken before the actions are lowered: their own transitions come after this one.
        when = lowering.expression(node.when, (*node.path, "when"), names, "bool") if node.when is not None else None
        targets = self._targets(node)
        home = lowering.tree.by_id[targets[0]] if targets else self.place
        owner = Owner(self.place, home)
        self.items.append(
            Transition(
                id=identity,
                when=when,
                targets=targets,
                internal=node.internal,
                actions=self._actions(node, owner, names),
                **rest,
            )
        )

    def _actions(self, node: Outcome, owner: Owner, names: Names) -> tuple[Action, ...]:
        actions: list[Action] = []
        if isinstance(node, TransitionNode):
            actions += _kept(self.lowering, node, names)
        actions += lower_set(self.lowering, node.set or {}, (*node.path, "set"), names)
        actions += lower_actions(self.lowering, node.actions, owner, names)
        if node.emit is not None:
            actions.append(Emit(event=node.emit))
        if node.raise_ is not None:
            self.lowering.raised.append((node.raise_, (*node.path, "raise")))
            actions.append(Raise(event=node.raise_))
        return tuple(actions)

    def _targets(self, node: Outcome) -> tuple[str, ...]:
        found = []
        for index, target in enumerate(node.to or ()):
            path = (*node.path, "to", index)
            place = self.lowering.tree.resolve(target, self.place)
            if place is None:
                unknown_state(self.lowering, target, path)
            else:
                found.append(place.id)
        if node.internal and not (found and self.place.children):
            path = (*node.path, "internal")
            self.lowering.problem(
                "J109", path, "`internal` counts only on a state with states inside, for targets inside it", key=True
            )
        return tuple(found)

    def _default_by(self) -> list[str] | None:
        """Whoever may do the task that is open here, that of a state around it included."""
        around = (self.place, *self.place.ancestors())
        has_task = any(place.node is not None and place.node.task is not None for place in around)
        return ["candidates"] if has_task else None

    def _task_form(self) -> dict[str, Any] | None:
        """The form of the task of the state, for its transitions: what must be filled in says `require` alone."""
        task = self.place.node.task if self.place.node is not None else None
        if task is None or task.form is None:
            return None
        form = self.lowering.schemas.load(task.form, (*task.path, "form"))
        return {key: value for key, value in form.items() if key != "required"} if form else None

    def _check_refusal(self, node: TransitionNode, *, last: bool) -> None:
        path = (*node.path, "else")
        if node.otherwise is None:
            return
        if not last:
            self.lowering.problem("J109", path, "`else` stands on the last alternative", key=True)
        elif node.when is None:
            self.lowering.problem("J109", path, "`else` without `when`: this alternative always holds", key=True)


def required_form(form: dict[str, Any] | None, require: Sequence[str]) -> dict[str, Any] | None:
    """The form with the required fields marked so."""
    if form is None:
        return None
    return {**form, "required": sorted({*form.get("required", ()), *require})}


def unknown_state(lowering: Lowering, target: str, path: Path) -> None:
    if lowering.broken and target.rsplit(".", maxsplit=1)[-1] in lowering.written_states:
        return
    known = [*lowering.tree.by_id, *(place.name for place in lowering.tree.root.descendants())]
    lowering.problem("J201", path, f"there is no state `{target}`", did_you_mean(target, known))


def _kept(lowering: Lowering, node: TransitionNode, names: Names) -> list[Action]:
    """Copies of payload fields, each only when the payload carries it."""
    actions: list[Action] = []
    for index, name in enumerate(node.keep):
        path = (*node.path, "keep", index)
        source = f"event.{name}"
        lowering.assignments.append(Assignment(name, source, path, names))
        lowering.expression(source, path, names)
        copied = Set(values={name: Cel(source=source)})
        if name in node.require:
            actions.append(copied)
        else:
            actions.append(If(branches=(Branch(when=f"has({source})", actions=(copied,)),)))
    return actions
