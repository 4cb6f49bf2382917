"""Mermaid and SVG: what stands in the pictures, and that they are safe and always the same."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from activities.actions import catalogue
from tests.definitions.shipped import DEFINITIONS
from tests.engine.charts import note, program, regions, state, to
from tests.exchange.random_charts import programs
from workflows.definition.compile import compile_file
from workflows.definition.exchange.layers import Box, Link, arrange
from workflows.definition.exchange.mermaid import to_mermaid
from workflows.definition.exchange.svg import svg
from workflows.definition.exchange.svg_plan import Shape, plan
from workflows.definition.program import Const, Program, Timer

TRICKY = program(
    state("a.b", to("done", event="go; now", when='data.x == "<&>"'), title='He said: "a < b" & # {x}'),
    state("done", kind="final", title="end"),
)
NESTED = program(
    state(
        "open",
        state("waiting", to("checking", event="go", code="go"), category="waiting"),
        regions("checking", state("left", state("l1")), state("right", state("r1"), state("r2"))),
        state("memory", kind="history", deep=True, initial="waiting"),
        to("closed", event="close", code="close"),
    ),
    state("closed", to("open", event="reopen", code="reopen"), to("memory", event="back", code="back")),
)


def shipped(path: Path) -> Program:
    found = compile_file(path, catalogue()).program
    assert found is not None
    return found


# --- Mermaid


def test_mermaid_nests_states_and_parts_regions() -> None:
    lines = to_mermaid(NESTED).splitlines()

    assert lines[:4] == ["---", 'title: "Test process (test 1.0.0)"', "---", "stateDiagram-v2"]
    assert "    [*] --> s_open" in lines
    assert '    state "open" as s_open {' in lines
    assert '        state "checking" as s_checking {' in lines
    assert lines.count("            --") == 1
    assert '        state "H*" as s_memory' in lines
    assert "    s_open --> s_closed : close" in lines
    assert "    s_closed --> s_memory : back" in lines


def test_mermaid_labels_carry_guards_and_waits() -> None:
    written = to_mermaid(
        program(
            state(
                "a",
                to("b", event="go", code="go", when="data.n > 2"),
                to("b", event="after.a.1"),
                to("b"),
                timers=(Timer(id="after.a.1", event="after.a.1", after=Const(value="P1DT30M")),),
            ),
            state("b", kind="final"),
        )
    )

    assert "s_a --> s_b : go [data.n #gt; 2]" in written
    assert "s_a --> s_b : after 1 d 30 min" in written
    assert "    s_a --> s_b\n" in written
    assert "    s_b --> [*]" in written


def test_mermaid_escapes_what_would_end_a_label() -> None:
    written = to_mermaid(TRICKY)

    assert 'state "He said#58; #quot;a #lt; b#quot; & #35; {x}" as s_a_b' in written
    assert "s_a_b --> s_done : go#59; now [data.x == #quot;#lt;&#gt;#quot;]" in written


def test_mermaid_ids_stay_different() -> None:
    written = to_mermaid(program(state("a.b"), state("a_b"), state("a-b")))

    assert {"s_a_b", "s_a_b_2", "s_a_b_3"} <= set(re.findall(r"\bs_\w+", written))


# --- SVG


def test_the_picture_marks_where_it_is_and_where_it_was() -> None:
    root = ElementTree.fromstring(svg(NESTED, active=["open", "waiting"], visited=["closed", "nowhere"]))
    classes = {group.get("data-state"): group.get("class") for group in root.iter() if group.get("data-state")}

    assert classes["waiting"] == "state active"
    assert classes["open"] == "state active"
    assert classes["closed"] == "state visited"
    assert classes["l1"] == "state"
    assert classes.keys() == {"open", "waiting", "checking", "left", "l1", "right", "r1", "r2", "memory", "closed"}


def test_the_picture_is_plain_shapes_only() -> None:
    """No scripts, styles, references or handlers, whatever the titles are."""
    written = svg(TRICKY)
    root = ElementTree.fromstring(written)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}

    assert tags <= {"svg", "title", "g", "rect", "circle", "path", "polygon", "text"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith(("on", "style", "href")) or "href" in name for name in attributes)
    assert "a < b" in "".join(root.itertext())


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_pictures_are_always_the_same(path: Path) -> None:
    assert svg(shipped(path)) == svg(shipped(path))


def boxes(shapes: list[Shape]) -> list[Shape]:
    return [box for shape in shapes for box in (shape, *boxes(shape.inside))]


def apart(one: Shape, other: Shape) -> bool:
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(random=programs())
def test_no_boxes_overlap_and_all_stand_inside_theirs(random: Program) -> None:
    drawn = plan(random)

    def inspect(shapes: list[Shape], left: float, top: float, right: float, bottom: float) -> None:
        for position, shape in enumerate(shapes):
            assert left <= shape.x + 0.01
            assert top <= shape.y + 0.01
            assert shape.x + shape.width <= right + 0.01
            assert shape.y + shape.height <= bottom + 0.01
            assert all(apart(shape, other) for other in shapes[position + 1 :])
            inspect(shape.inside, shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)

    inspect(drawn.shapes, 0, 0, drawn.width, drawn.height)


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_arrows_run_from_border_to_border(path: Path) -> None:
    """Every arrow begins and ends at the very states it connects, also across containers."""
    drawn = plan(shipped(path))
    by_id = {box.id: box for box in boxes(drawn.shapes)}

    for arrow in drawn.arrows:
        for point, end in ((arrow.points[0], arrow.source), (arrow.points[-1], arrow.target)):
            box = by_id[end]
            assert box.x - 0.01 <= point[0] <= box.x + box.width + 0.01, arrow.id
            assert min(abs(point[1] - box.y), abs(point[1] - box.y - box.height)) < 0.01, arrow.id


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_labels_do_not_lie_on_each_other(path: Path) -> None:
    drawn = plan(shipped(path))
    places = [
        Shape(arrow.id, "state", x=arrow.label_at[0] - 4, y=arrow.label_at[1] - 6, width=8, height=12)
        for arrow in drawn.arrows
        if arrow.label_at is not None
    ]

    assert all(apart(one, other) for n, one in enumerate(places) for other in places[n + 1 :])


def test_one_arrow_stands_for_all_transitions_between_two_states() -> None:
    drawn = plan(
        program(
            state(
                "a", to("b", event="x", code="x"), to("b", event="y", code="y"), to(event="z", code="z", do=[note("z")])
            ),
            state("b"),
        )
    )
    arrow = next(arrow for arrow in drawn.arrows if arrow.source == "a")
    box = next(shape for shape in drawn.shapes if shape.id == "a")

    assert arrow.lines == ["x", "y"]
    assert box.notes == ["↻ z"]


def test_layers_keep_links_straight_where_nothing_is_in_the_way() -> None:
    placed = [Box("a", 50, 20, 0), Box("b", 90, 20, 2), Box("c", 30, 20, 4)]
    links = [Link("ab", "a", "b"), Link("bc", "b", "c", label=(60.0, 15.0))]

    width, height = arrange(placed, links)

    centres = [box.x + box.width / 2 for box in placed]
    assert max(centres) - min(centres) < 0.5
    assert links[1].label_at is not None
    assert placed[1].y + 20 < links[1].label_at[1] < placed[2].y
    assert (width, height) == (90, placed[2].y + 20)
