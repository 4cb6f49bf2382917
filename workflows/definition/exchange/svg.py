"""Program to SVG: the process as a picture, where it stands now and where it has been.

Plain shapes with presentation attributes: no scripts, no style sheets, no references, so the picture may stand
in a page with a strict content policy, in a PDF and in an e-mail. The same text for the same arguments.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from xml.sax.saxutils import escape, quoteattr

from workflows.definition.exchange.labels import process_label
from workflows.definition.exchange.layers import Point
from workflows.definition.exchange.svg_plan import LINE, PAD, Arrow, Plan, Shape, plan, text_width
from workflows.definition.program import Program

_INK, _FAINT, _LINES, _ACCENT = "#1d2733", "#5b6875", "#7b8794", "#0b63ce"
_MARGIN = 16.0
_FILLS = {
    "waiting": "#fff6dc",
    "active": "#ffffff",
    "success": "#e6f5ea",
    "failure": "#fdeaea",
    "cancelled": "#eef0f2",
}
_VISITED, _ACTIVE = "#e8f1fc", "#0b63ce"


def svg(program: Program, active: Collection[str] = (), visited: Collection[str] = ()) -> str:
    """The diagram. `active` states stand out, `visited` ones are tinted; unknown ids are ignored.

    Every state is a `<g>` with `data-state`, and with `class` "state", "state active" or "state visited".
    """
    drawn = plan(program)
    width, height = drawn.width + 2 * _MARGIN, drawn.height + 2 * _MARGIN
    painter = _Painter(frozenset(active), frozenset(visited))
    body = [*painter.containers(drawn.shapes), *map(_arrow, drawn.arrows), *painter.states(drawn.shapes)]
    body += [_label(arrow) for arrow in drawn.arrows if arrow.label_at is not None]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{-_MARGIN:.0f} {-_MARGIN:.0f} {width:.0f} {height:.0f}" role="img" '
        f'font-family="Inter, Helvetica, Arial, sans-serif" font-size="12.5" fill="{_INK}">'
    )
    return "\n".join([head, f"<title>{escape(process_label(program))}</title>", *body, "</svg>"]) + "\n"


class _Painter:
    def __init__(self, active: frozenset[str], visited: frozenset[str]) -> None:
        self._active = active
        self._visited = visited

    def containers(self, shapes: Sequence[Shape]) -> list[str]:
        """Containers lie below the arrows, outer ones first."""
        painted: list[str] = []
        for shape in shapes:
            if shape.inside:
                painted.append(self._container(shape))
                painted += self.containers(shape.inside)
        return painted

    def states(self, shapes: Sequence[Shape]) -> list[str]:
        painted: list[str] = []
        for shape in shapes:
            painted += self.states(shape.inside) if shape.inside else [self._leaf(shape)]
        return painted

    def _mark(self, shape: Shape) -> str:
        if shape.id in self._active:
            return "state active"
        return "state visited" if shape.id in self._visited else "state"

    def _container(self, shape: Shape) -> str:
        mark = self._mark(shape)
        stroke, weight = (_ACCENT, "1.8") if mark == "state active" else (_LINES, "1")
        dashes = ' stroke-dasharray="5 4"' if shape.kind == "region" else ""
        fill = "#f4f8fe" if mark == "state active" else "#f8f9fb"
        return (
            f'<g class="{mark}" data-state={quoteattr(shape.id)}>'
            f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}" '
            f'rx="10" fill="{fill}" stroke="{stroke}" stroke-width="{weight}"{dashes}/>'
            + _words(shape, shape.x + PAD, shape.y + LINE + 3.0, anchor="start", ink=_FAINT)
            + "</g>"
        )

    def _leaf(self, shape: Shape) -> str:
        middle_x, middle_y = shape.x + shape.width / 2, shape.y + shape.height / 2
        match shape.kind:
            case "initial":
                return f'<circle cx="{middle_x:.1f}" cy="{middle_y:.1f}" r="6" fill="{_INK}"/>'
            case "gate":
                return f'<circle cx="{middle_x:.1f}" cy="{middle_y:.1f}" r="3" fill="#ffffff" stroke="{_LINES}"/>'
            case "history":
                return (
                    f'<g class="state" data-state={quoteattr(shape.id)}>'
                    f'<circle cx="{middle_x:.1f}" cy="{middle_y:.1f}" r="13" fill="#ffffff" stroke="{_LINES}"/>'
                    f'<text x="{middle_x:.1f}" y="{middle_y + 4:.1f}" text-anchor="middle">{escape(shape.title)}</text>'
                    "</g>"
                )
            case _:
                return self._box(shape, middle_x)

    def _box(self, shape: Shape, middle_x: float) -> str:
        mark = self._mark(shape)
        fill, stroke, weight, ink = _FILLS.get(shape.category, "#ffffff"), _LINES, "1.2", _INK
        if mark == "state active":
            fill, stroke, weight, ink = _ACTIVE, _ACTIVE, "2", "#ffffff"
        elif mark == "state visited":
            fill, stroke = _VISITED, _ACCENT
        rectangle = (
            f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}" '
            f'rx="8" fill="{fill}" stroke="{stroke}" stroke-width="{weight}"/>'
        )
        if shape.kind == "final":
            rectangle += (
                f'<rect x="{shape.x + 3:.1f}" y="{shape.y + 3:.1f}" width="{shape.width - 6:.1f}" '
                f'height="{shape.height - 6:.1f}" rx="5.5" fill="none" stroke="{stroke if ink == _INK else ink}"/>'
            )
        top = shape.y + (shape.height - LINE * (1 + len(shape.notes))) / 2 + 11.5
        words = _words(shape, middle_x, top, anchor="middle", ink=ink)
        return f'<g class="{mark}" data-state={quoteattr(shape.id)}>{rectangle}{words}</g>'


def _words(shape: Shape, x: float, y: float, *, anchor: str, ink: str) -> str:
    title = (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="600" fill="{ink}">'
        f"{escape(shape.title)}</text>"
    )
    faint = _FAINT if ink == _INK else ink
    notes = [
        f'<text x="{x:.1f}" y="{y + LINE * (line + 1):.1f}" text-anchor="{anchor}" font-size="11" fill="{faint}">'
        f"{escape(note)}</text>"
        for line, note in enumerate(shape.notes)
    ]
    return title + "".join(notes)


def _arrow(arrow: Arrow) -> str:
    points = [point for n, point in enumerate(arrow.points) if n == 0 or _apart(point, arrow.points[n - 1])]
    if len(points) < 2:
        return ""
    (_before_x, before_y), (x, y) = points[-2], points[-1]
    way = 1.0 if y >= before_y else -1.0
    points[-1] = (x, y - 7.0 * way)
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (from_x, from_y), (to_x, to_y) in itertools.pairwise(points):
        if abs(from_x - to_x) < 0.5:
            path.append(f"L{to_x:.1f} {to_y:.1f}")
        else:
            middle = (from_y + to_y) / 2
            path.append(f"C{from_x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
    head = f"{x:.1f},{y:.1f} {x - 4:.1f},{y - 8 * way:.1f} {x + 4:.1f},{y - 8 * way:.1f}"
    return (
        f'<g class="arrow"><path d="{" ".join(path)}" fill="none" stroke="{_LINES}" stroke-width="1.2"/>'
        f'<polygon points="{head}" fill="{_LINES}"/></g>'
    )


def _apart(one: Point, other: Point) -> bool:
    return abs(one[0] - other[0]) > 0.05 or abs(one[1] - other[1]) > 0.05


def _label(arrow: Arrow) -> str:
    assert arrow.label_at is not None
    x, y = arrow.label_at
    wide = max(text_width(line, 11.0) for line in arrow.lines) + 4.0
    tall = LINE * len(arrow.lines)
    lines = [
        f'<text x="{x:.1f}" y="{y - tall / 2 + LINE * line + 11.0:.1f}" text-anchor="middle" font-size="11" '
        f'fill="{_FAINT}">{escape(text)}<title>{escape(full)}</title></text>'
        for line, (text, full) in enumerate(zip(arrow.lines, arrow.full, strict=True))
    ]
    back = (
        f'<rect x="{x - wide / 2:.1f}" y="{y - tall / 2:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
        'fill="#ffffff" fill-opacity="0.82"/>'
    )
    return f'<g class="label">{back}{"".join(lines)}</g>'


__all__ = ["Plan", "svg"]
