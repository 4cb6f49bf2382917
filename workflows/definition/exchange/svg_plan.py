"""Where everything of a state diagram stands: boxes inside boxes, arrows between any two of them.

Every container is laid out by itself with `layers.arrange`, innermost first. An arrow that leaves a container
gets a port on its border, so that it runs from the very state it starts in to the very state it leads to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from workflows.definition.exchange.labels import arrow_label, state_label
from workflows.definition.exchange.layers import Box, Link, Point, arrange
from workflows.definition.program import Program, State, Transition

LINE = 15.0
"""Height of a line of text."""
PAD = 14.0
_TITLE = 14.0
"""Wider than it is written, because titles are bold."""
_SMALL = 11.0
_LONGEST = 40


@dataclass(slots=True)
class Shape:
    """One drawn state, or a dot (`initial`) or gate (where an arrow starts at a container's own border)."""

    id: str
    kind: Literal["state", "container", "region", "final", "history", "initial", "gate"]
    title: str = ""
    notes: list[str] = field(default_factory=list)
    """Lines below the title: what may be done without leaving the state."""
    category: str = "active"
    width: float = 0.0
    height: float = 0.0
    x: float = 0.0
    y: float = 0.0
    inside: list[Shape] = field(default_factory=list)


@dataclass(slots=True)
class Arrow:
    id: str
    source: str
    target: str
    lines: list[str] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    """The same without shortening."""
    way: list[str] = field(default_factory=list)
    """Containers it runs through, from the source outwards and inwards to the target."""
    points: list[Point] = field(default_factory=list)
    label_at: Point | None = None


@dataclass(slots=True)
class Plan:
    width: float
    height: float
    shapes: list[Shape]
    arrows: list[Arrow]


def plan(program: Program) -> Plan:
    """The finished placement, origin (0, 0)."""
    return _Planner(program).plan()


def text_width(text: str, size: float) -> float:
    """A generous guess: no font is at hand, and a label may be wide but must not overlap."""
    narrow = sum(letter in "iljtfrI .,:;'|()[]" for letter in text)
    wide = sum(letter in "mwMWABCDEFGHKNOPQRSUVXYZ" for letter in text)
    return size * (0.6 * (len(text) - narrow - wide) + 0.36 * narrow + 0.8 * wide)


@dataclass(slots=True)
class _Port:
    """An arrow passing the border of a container on its way from, or to, the child `child`."""

    arrow: Arrow
    child: str
    outgoing: bool
    bottom: bool


class _Planner:
    def __init__(self, program: Program) -> None:
        self._parents: dict[str, str] = {}
        self._order: dict[str, int] = {}
        self._shapes: dict[str, Shape] = {"": Shape("", "container")}
        self._links: dict[str, list[tuple[Arrow, str, str]]] = {}
        self._ports: dict[str, list[_Port]] = {}
        self._offsets: dict[tuple[str, str], float] = {}
        """(container, arrow) -> x of its port from the container's left side."""
        self._pieces: dict[tuple[str, str], tuple[Link, bool]] = {}
        """(container, arrow) -> its part in there, and whether it runs against the direction of the link."""
        self._initial("", program.initial)
        self._add("", program.states)
        self._arrows = self._merge(program)
        for arrow in self._arrows.values():
            self._lift(arrow)

    def plan(self) -> Plan:
        root = self._shapes[""]
        self._arrange("")
        self._shift(root, -PAD, -PAD)
        for arrow in self._arrows.values():
            self._follow(arrow)
        return Plan(root.width - 2 * PAD, root.height - 2 * PAD, root.inside, list(self._arrows.values()))

    # --- what there is

    def _put(self, parent: str, shape: Shape) -> None:
        self._parents[shape.id] = parent
        self._order[shape.id] = len(self._order)
        self._shapes[shape.id] = shape
        self._shapes[parent].inside.append(shape)

    def _initial(self, parent: str, transition: Transition | None) -> None:
        if transition is not None:
            self._put(parent, Shape(f"•{parent}", "initial", width=14.0, height=14.0))

    def _add(self, parent: str, states: Iterable[State], parallel: bool = False) -> None:
        for state in states:
            self._put(parent, _shape(state, "region" if parallel else "container"))
            if state.kind == "compound":
                self._initial(state.id, state.initial)
            self._add(state.id, state.children, parallel=state.kind == "parallel")

    def _merge(self, program: Program) -> dict[str, Arrow]:
        """One arrow for each pair of states, however many transitions run between them."""
        arrows: dict[str, Arrow] = {}

        def draw(source: str, target: str, label: str, full: str) -> None:
            key = f"{source} → {target}"
            arrow = arrows.setdefault(key, Arrow(key, source, target))
            if label and label not in arrow.lines:
                arrow.lines.append(label)
                arrow.full.append(full)

        def visit(states: Iterable[State]) -> None:
            for state in states:
                for transition in state.transitions:
                    for target in transition.targets:
                        if target != state.id:
                            draw(state.id, target, _short(state, transition), arrow_label(state, transition))
                if state.initial is not None:
                    source = state.id if state.kind == "history" else f"•{state.id}"
                    for target in state.initial.targets:
                        draw(source, target, "", "")
                visit(state.children)

        for target in program.initial.targets:
            draw("•", target, "", "")
        visit(program.states)
        return arrows

    # --- how arrows cross borders

    def _above(self, shape_id: str) -> list[str]:
        """The containers around a shape, innermost first, the diagram itself ("") last."""
        chain = [self._parents[shape_id]]
        while chain[-1]:
            chain.append(self._parents[chain[-1]])
        return chain

    def _lift(self, arrow: Arrow) -> None:
        """Finds the scope both ends share, and the ports on the borders between it and the ends."""
        if arrow.source in self._above(arrow.target):
            arrow.source = self._gate(arrow.source, "▾")
        elif arrow.target in self._above(arrow.source):
            arrow.target = self._gate(arrow.target, "▴")
        outwards, inwards = self._above(arrow.source), self._above(arrow.target)
        scope = next(container for container in outwards if container in inwards)
        left, entered = outwards[: outwards.index(scope)], inwards[: inwards.index(scope)]
        arrow.way = [*left, scope, *reversed(entered)]
        start = left[-1] if left else arrow.source
        end = entered[-1] if entered else arrow.target
        self._links.setdefault(scope, []).append((arrow, start, end))
        backwards = self._order[start] > self._order[end]
        for container, child in zip(left, [arrow.source, *left], strict=False):
            self._ports.setdefault(container, []).append(_Port(arrow, child, True, not backwards))
        for container, child in zip(entered, [arrow.target, *entered], strict=False):
            self._ports.setdefault(container, []).append(_Port(arrow, child, False, backwards))

    def _gate(self, container: str, mark: str) -> str:
        name = f"{mark}{container}"
        if name not in self._shapes:
            self._put(container, Shape(name, "gate", width=8.0, height=8.0))
            if mark == "▾":
                self._order[name] = self._order[container]
        return name

    # --- placing

    def _arrange(self, scope: str) -> None:
        shape = self._shapes[scope]
        for child in shape.inside:
            if child.inside:
                self._arrange(child.id)
        ranks = self._ranks(scope)
        boxes = [Box(child.id, child.width, child.height, ranks[child.id]) for child in shape.inside]
        links = [self._link(scope, arrow, start, end) for arrow, start, end in self._links.get(scope, [])]
        first, last = min(ranks.values(), default=0) - 2, max(ranks.values(), default=0) + 2
        ports = self._ports.get(scope, [])
        for port in ports:
            boxes.append(Box(f"↕{port.arrow.id}", 0.0, 0.0, last if port.bottom else first))
            links.append(self._port_link(scope, port))
        width, height = arrange(boxes, links)
        placed = {box.id: box for box in boxes}
        head = _head_height(shape) if scope else 0.0
        needed = max((text_width(line, _TITLE) for line in (shape.title, *shape.notes)), default=0.0)
        margin = max(0.0, (needed - width) / 2) + PAD
        for child in shape.inside:
            child.x, child.y = placed[child.id].x + margin, placed[child.id].y + head + PAD
        for port in ports:
            self._offsets[scope, port.arrow.id] = placed[f"↕{port.arrow.id}"].x + margin
        for link in links:
            link.points = [(x + margin, y + head + PAD) for x, y in link.points]
            if link.label_at is not None:
                link.label_at = (link.label_at[0] + margin, link.label_at[1] + head + PAD)
        shape.width, shape.height = width + 2 * margin, height + head + 2 * PAD

    def _ranks(self, scope: str) -> dict[str, int]:
        """Longest way from the top along arrows that lead downwards; even, the odd ranks are for labels.

        Downwards is the order of the document: authors write a process in the order it runs.
        """
        members = sorted((child.id for child in self._shapes[scope].inside), key=lambda name: self._order[name])
        ranks = dict.fromkeys(members, 0)
        steps = {(start, end) for _, start, end in self._links.get(scope, [])}
        downwards = sorted(
            (min(step, key=self._order.__getitem__), max(step, key=self._order.__getitem__)) for step in steps
        )
        for member in members:
            for upper, lower in downwards:
                if upper == member:
                    ranks[lower] = max(ranks[lower], ranks[upper] + 2)
        return ranks

    def _link(self, scope: str, arrow: Arrow, start: str, end: str) -> Link:
        backwards = self._order[start] > self._order[end]
        upper, lower = (end, start) if backwards else (start, end)
        label = (0.0, 0.0)
        if arrow.lines:
            label = (max(text_width(line, _SMALL) for line in arrow.lines) + 8.0, LINE * len(arrow.lines))
        link = Link(arrow.id, upper, lower, *self._holds(arrow, upper, lower), label=label)
        self._pieces[scope, arrow.id] = link, backwards
        return link

    def _port_link(self, scope: str, port: _Port) -> Link:
        border = f"↕{port.arrow.id}"
        upper, lower = (port.child, border) if port.bottom else (border, port.child)
        link = Link(f"{port.arrow.id}@{scope}", upper, lower, *self._holds(port.arrow, upper, lower))
        self._pieces[scope, port.arrow.id] = link, port.outgoing != port.bottom
        return link

    def _holds(self, arrow: Arrow, upper: str, lower: str) -> tuple[float | None, float | None]:
        return self._offsets.get((upper, arrow.id)), self._offsets.get((lower, arrow.id))

    def _shift(self, shape: Shape, dx: float, dy: float) -> None:
        """From positions inside the container to positions in the diagram."""
        shape.x, shape.y = shape.x + dx, shape.y + dy
        for child in shape.inside:
            self._shift(child, shape.x, shape.y)

    def _follow(self, arrow: Arrow) -> None:
        for container in arrow.way:
            link, reverse = self._pieces[container, arrow.id]
            around = self._shapes[container]
            points = [(x + around.x, y + around.y) for x, y in link.points]
            arrow.points += reversed(points) if reverse else points
            if link.label_at is not None:
                arrow.label_at = (link.label_at[0] + around.x, link.label_at[1] + around.y)


def _head_height(shape: Shape) -> float:
    return LINE * (1 + len(shape.notes)) + 6.0


def _shape(state: State, container: Literal["container", "region"]) -> Shape:
    if state.kind == "history":
        return Shape(state.id, "history", "H*" if state.deep else "H", width=28.0, height=28.0)
    stays = [_short(state, t) for t in state.transitions if not t.targets or t.targets == (state.id,)]
    notes = [f"↻ {label}" for label in dict.fromkeys(label for label in stays if label)]
    shape = Shape(state.id, "state", state_label(state), notes, state.category)
    if state.children:
        shape.kind = container
        return shape
    if state.kind == "final":
        shape.kind = "final"
    widest = max(text_width(shape.title, _TITLE), *(text_width(note, _SMALL) for note in notes), 0.0)
    shape.width = max(96.0, widest + 2 * PAD)
    shape.height = LINE * (1 + len(notes)) + PAD
    return shape


def _short(state: State, transition: Transition) -> str:
    """Label as people say it. A guard stands there only where it tells alternatives apart, cut to a readable length."""
    words = _cut(transition.title or arrow_label(state, transition, guards=False))
    others = [other for other in state.transitions if other.events == transition.events]
    if transition.when is None or (words and len(others) < 2):
        return words
    return f"{words} [{_cut(transition.when)}]".strip()


def _cut(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= _LONGEST else joined[: _LONGEST - 1] + "…"
