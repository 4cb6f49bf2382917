"""The states of a document as a tree: their ids, and which state a name in `to` means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from workflows.definition.document.states import StateNode

Kind = Literal["atomic", "compound", "parallel", "final", "history"]


@dataclass(slots=True, eq=False)
class Place:
    """A state in its tree."""

    name: str
    parent: Place | None
    node: StateNode | None
    """None for the root, which is the process itself."""
    id: str = ""
    children: dict[str, Place] = field(default_factory=dict)

    @property
    def dotted(self) -> str:
        above = self.parent.dotted if self.parent is not None else ""
        return f"{above}.{self.name}" if above else self.name

    @property
    def kind(self) -> Kind:
        if self.node is None:
            return "compound"
        if self.node.history:
            return "history"
        if self.node.final:
            return "final"
        if self.node.states:
            return "parallel" if self.node.parallel else "compound"
        return "atomic"

    def ancestors(self) -> Iterator[Place]:
        """From the parent up to the root."""
        place = self.parent
        while place is not None:
            yield place
            place = place.parent

    def descendants(self) -> Iterator[Place]:
        """In document order, without the place itself."""
        for child in self.children.values():
            yield child
            yield from child.descendants()

    def inside(self, other: Place) -> bool:
        return any(ancestor is other for ancestor in self.ancestors())


class StateTree:
    """The places of all states, and what a name means at one of them."""

    def __init__(self, states: dict[str, StateNode]) -> None:
        self.root = Place("", None, None)
        self._grow(self.root, states)
        names = Counter(place.name for place in self.root.descendants())
        for place in self.root.descendants():
            written = place.node.id if place.node is not None else None
            place.id = written or (place.name if names[place.name] == 1 else place.dotted)
        self.by_id = {place.id: place for place in self.root.descendants()}
        self._by_path = {place.dotted: place for place in self.root.descendants()}

    def _grow(self, parent: Place, states: dict[str, StateNode]) -> None:
        for name, node in states.items():
            place = parent.children[name] = Place(name, parent, node)
            self._grow(place, node.states)

    def resolve(self, target: str, source: Place) -> Place | None:
        """The state that `target` means at `source`: siblings first, then outward, then inside, then by id."""
        first, *rest = target.split(".")
        for scope in (*source.ancestors(), source):
            found = _descend(scope.children.get(first), rest)
            if found is not None:
                return found
        return self.by_id.get(target) or self._by_path.get(target)

    def resolve_inside(self, target: str, owner: Place) -> Place | None:
        """The state that `target` means as initial state of `owner`: inside it."""
        first, *rest = target.split(".")
        found = _descend(owner.children.get(first), rest) or self.by_id.get(target) or self._by_path.get(target)
        return found if found is not None and found.inside(owner) else None


def _descend(place: Place | None, names: list[str]) -> Place | None:
    for name in names:
        place = place.children.get(name) if place is not None else None
    return place
