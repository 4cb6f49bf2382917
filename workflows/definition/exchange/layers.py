"""Layered placement of boxes and the links between them, top to bottom: the Sugiyama steps in their simplest form.

The caller says which rank a box stands on; this file orders each rank so that few links cross, finds x positions
that keep links straight, and gives every link its way and its label a place of its own. Deterministic: no
randomness, ties keep the given order. Knows nothing of states.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]

_SWEEPS = 12
_GAP_X = 26.0
_GAP_LINE = 14.0
_GAP_Y = 17.0


@dataclass(slots=True)
class Box:
    """A rectangle to place; `x` and `y` (top left) are the answer."""

    id: str
    width: float
    height: float
    rank: int
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class Link:
    """A line from a box to one of a higher rank; `points` and `label_at` (centre) are the answer."""

    id: str
    upper: str
    lower: str
    upper_port: float | None = None
    """Where the line leaves, from the left side of the upper box; None: this file chooses."""
    lower_port: float | None = None
    label: tuple[float, float] = (0.0, 0.0)
    """Width and height to keep free for the label."""
    points: list[Point] = field(default_factory=list)
    label_at: Point | None = None


@dataclass(slots=True, eq=False)
class _Cell:
    """A box, or a bend of a link, or the room for its label, on one rank."""

    width: float
    height: float
    rank: int
    box: Box | None = None
    x: float = 0.0
    """Centre."""
    ups: list[_Joint] = field(default_factory=list)
    downs: list[_Joint] = field(default_factory=list)


@dataclass(slots=True)
class _Joint:
    """One piece of a link seen from a cell: the cell at the other end and where it holds on, from the centres."""

    other: _Cell
    own: float
    theirs: float
    weight: float


def arrange(boxes: Sequence[Box], links: Sequence[Link]) -> tuple[float, float]:
    """Places everything into a rectangle that starts at (0, 0).

    Returns:
        Its width and height.
    """
    cells = {box.id: _Cell(box.width, box.height, box.rank, box) for box in boxes}
    ranks: dict[int, list[_Cell]] = {}
    for cell in cells.values():
        ranks.setdefault(cell.rank, []).append(cell)
    chains = {link.id: _chain(link, cells, ranks) for link in links}
    rows = [ranks[rank] for rank in sorted(ranks)]
    _order(rows)
    _place(rows)
    size = _frame(rows)
    tops, bottoms = _heights(rows)
    _attach(cells, links, chains)
    for link in links:
        _route(link, chains[link.id], cells, tops, bottoms)
    return size[0], max(bottoms.values(), default=0.0)


def _chain(link: Link, cells: dict[str, _Cell], ranks: dict[int, list[_Cell]]) -> list[_Cell]:
    """Cells of the link between its ends, one for each rank it crosses; the middle one carries the label."""
    upper, lower = cells[link.upper], cells[link.lower]
    between = range(upper.rank + 1, lower.rank)
    middle = upper.rank + 1 if upper.rank % 2 == 0 else upper.rank + 2
    chain = []
    for rank in between:
        width, height = link.label if rank == middle else (0.0, 0.0)
        cell = _Cell(width, height, rank)
        ranks.setdefault(rank, []).append(cell)
        chain.append(cell)
    path = [upper, *chain, lower]
    for above, below in itertools.pairwise(path):
        own = link.upper_port - upper.width / 2 if above is upper and link.upper_port is not None else 0.0
        theirs = link.lower_port - lower.width / 2 if below is lower and link.lower_port is not None else 0.0
        weight = 1.0 + 3.0 * ((above.box is None) + (below.box is None))
        above.downs.append(_Joint(below, own, theirs, weight))
        below.ups.append(_Joint(above, theirs, own, weight))
    return chain


# --- order within the ranks ---------------------------------------------------------------------------------


def _order(rows: list[list[_Cell]]) -> None:
    """Barycentre sweeps, down and up; the order with the fewest crossings is kept."""
    best, fewest = [list(row) for row in rows], _crossings(rows)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for row, fixed in _pairs(rows, downwards):
            _sort(row, fixed, downwards)
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    for row, order in zip(rows, best, strict=True):
        row[:] = order


def _pairs(rows: list[list[_Cell]], downwards: bool) -> list[tuple[list[_Cell], list[_Cell]]]:
    """(row to move, row that stays), in the order of the sweep."""
    if downwards:
        return list(zip(rows[1:], rows, strict=False))
    return list(zip(reversed(rows[:-1]), reversed(rows), strict=False))


def _sort(row: list[_Cell], fixed: list[_Cell], downwards: bool) -> None:
    place = {id(cell): position for position, cell in enumerate(fixed)}
    keys: dict[int, float] = {}
    for position, cell in enumerate(row):
        joints = [joint for joint in (cell.ups if downwards else cell.downs) if id(joint.other) in place]
        spots = [place[id(j.other)] + j.theirs / (j.other.width + 1.0) for j in joints]
        keys[id(cell)] = sum(spots) / len(spots) if spots else float(position)
    row.sort(key=lambda cell: keys[id(cell)])


def _crossings(rows: list[list[_Cell]]) -> int:
    total = 0
    for upper, lower in itertools.pairwise(rows):
        place = {id(cell): position for position, cell in enumerate(lower)}
        ends = [
            (i + j.own / (cell.width + 1.0), place[id(j.other)] + j.theirs / (j.other.width + 1.0))
            for i, cell in enumerate(upper)
            for j in cell.downs
        ]
        total += _inversions(ends)
    return total


def _inversions(ends: list[Point]) -> int:
    """Pairs of lines of which one begins left of the other and ends right of it."""
    found, seen = 0, list[float]()
    for _, end in sorted(ends):
        place = bisect_right(seen, end)
        found += len(seen) - place
        seen.insert(place, end)
    return found


# --- x and y ------------------------------------------------------------------------------------------------


def _place(rows: list[list[_Cell]]) -> None:
    for row in rows:
        _settle(row, [0.0] * len(row), [1.0] * len(row))
    for sweep in range(_SWEEPS * 2):
        downwards = sweep % 2 == 0
        for row in rows if downwards else list(reversed(rows)):
            last = sweep >= _SWEEPS
            wanted, weights = [], []
            for cell in row:
                joints = cell.ups + cell.downs if last else (cell.ups if downwards else cell.downs)
                weight = sum(joint.weight for joint in joints)
                pull = sum(joint.weight * (joint.other.x + joint.theirs - joint.own) for joint in joints)
                wanted.append(pull / weight if weight else cell.x)
                weights.append(weight or 0.1)
            _settle(row, wanted, weights)


def _settle(row: list[_Cell], wanted: list[float], weights: list[float]) -> None:
    """Nearest positions to `wanted` (weighted least squares) that keep the order and the gaps.

    Pool adjacent violators on the positions with the gaps taken out.
    """
    offsets, offset = [], 0.0
    for left, cell in zip([None, *row], row, strict=False):
        if left is not None:
            gap = _GAP_X if left.box is not None and cell.box is not None else _GAP_LINE
            offset += left.width / 2 + gap + cell.width / 2
        offsets.append(offset)
    pools: list[list[float]] = []
    for position, aim in enumerate(wanted):
        pools.append([aim - offsets[position], weights[position], 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            value, weight, count = pools.pop()
            total = pools[-1][1] + weight
            pools[-1][0] = (pools[-1][0] * pools[-1][1] + value * weight) / total
            pools[-1][1], pools[-1][2] = total, pools[-1][2] + count
    position = 0
    for value, _, count in pools:
        for _ in range(int(count)):
            row[position].x = value + offsets[position]
            position += 1


def _frame(rows: list[list[_Cell]]) -> tuple[float, float]:
    """Moves everything so that the left-most edge is 0; gives the width."""
    cells = [cell for row in rows for cell in row]
    left = min((cell.x - cell.width / 2 for cell in cells), default=0.0)
    for cell in cells:
        cell.x -= left
    return max((cell.x + cell.width / 2 for cell in cells), default=0.0), 0.0


def _heights(rows: list[list[_Cell]]) -> tuple[dict[int, float], dict[int, float]]:
    """Top and bottom of every rank; sets `y` of the boxes."""
    tops: dict[int, float] = {}
    bottoms: dict[int, float] = {}
    y = 0.0
    for row in rows:
        height = max(cell.height for cell in row)
        tops[row[0].rank], bottoms[row[0].rank] = y, y + height
        for cell in row:
            if cell.box is not None:
                cell.box.x, cell.box.y = cell.x - cell.width / 2, y + (height - cell.height) / 2
        y += height + _GAP_Y
    return tops, bottoms


# --- lines --------------------------------------------------------------------------------------------------


def _attach(cells: dict[str, _Cell], links: Sequence[Link], chains: dict[str, list[_Cell]]) -> None:
    """Spreads the lines that meet at one side of a box, in the order of where they come from."""
    for side in ("lower", "upper"):
        groups: dict[str, list[tuple[float, Link]]] = {}
        for link in links:
            port = link.lower_port if side == "lower" else link.upper_port
            if port is None:
                chain = chains[link.id]
                far = cells[link.upper] if side == "lower" else cells[link.lower]
                near = (chain[-1] if side == "lower" else chain[0]) if chain else far
                end = link.lower if side == "lower" else link.upper
                groups.setdefault(end, []).append((near.x, link))
        for end, members in groups.items():
            width = cells[end].width
            members.sort(key=lambda member: member[0])
            step = min(22.0, width / (len(members) + 1))
            for position, (_, link) in enumerate(members):
                port = width / 2 + (position - (len(members) - 1) / 2) * step
                if side == "lower":
                    link.lower_port = port
                else:
                    link.upper_port = port


def _route(
    link: Link, chain: list[_Cell], cells: dict[str, _Cell], tops: dict[int, float], bottoms: dict[int, float]
) -> None:
    upper, lower = cells[link.upper].box, cells[link.lower].box
    assert upper is not None
    assert lower is not None
    assert link.upper_port is not None
    assert link.lower_port is not None
    link.points = [(upper.x + link.upper_port, upper.y + upper.height)]
    if upper.y + upper.height < bottoms[upper.rank]:
        link.points.append((upper.x + link.upper_port, bottoms[upper.rank]))
    for cell in chain:
        if cell.width and link.label_at is None:
            link.label_at = (cell.x, (tops[cell.rank] + bottoms[cell.rank]) / 2)
        if tops[cell.rank] < bottoms[cell.rank]:
            link.points.append((cell.x, tops[cell.rank]))
        link.points.append((cell.x, bottoms[cell.rank]))
    if tops[lower.rank] < lower.y:
        link.points.append((lower.x + link.lower_port, tops[lower.rank]))
    link.points.append((lower.x + link.lower_port, lower.y))
