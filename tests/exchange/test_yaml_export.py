"""Programs written as definitions, and compiled again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from activities.actions import catalogue
from tests.definitions.shipped import DEFINITIONS
from tests.engine.charts import program, state, to
from tests.exchange.random_charts import programs, steps
from tests.exchange.test_scxml_round_trip import trace
from workflows.definition.compile import compile_file, compile_text
from workflows.definition.exchange.scxml_import import import_scxml
from workflows.definition.exchange.yaml_export import NotExpressible, to_yaml
from workflows.definition.program import Program


def recompiled(text: str) -> Program:
    result = compile_text(text, filename="written.yaml", catalogue=catalogue())
    assert result.program is not None, (result.diagnostics, text)
    return result.program


def chart(inside: str, initial: str = "a") -> Program:
    return import_scxml(
        f'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" initial="{initial}">{inside}</scxml>'
    )


WRITABLE = ("order", "work_order_operation", "webhook_delivery")
"""Shipped definitions without decision tables, quorums and signatures, for which the writer has no words."""


@pytest.mark.parametrize("path", [path for path in DEFINITIONS if path.stem in WRITABLE], ids=lambda path: path.stem)
def test_shipped_definitions_come_back_with_the_same_digest(path: Path) -> None:
    """Tasks, timers, permissions, calls with what follows them, notices: nothing is lost."""
    shipped = compile_file(path, catalogue()).program
    assert shipped is not None

    assert recompiled(to_yaml(shipped)).digest == shipped.digest


@pytest.mark.parametrize(
    "path", [path for path in DEFINITIONS if path.stem not in WRITABLE], ids=lambda path: path.stem
)
def test_what_the_writer_has_no_words_for_is_refused_not_dropped(path: Path) -> None:
    shipped = compile_file(path, catalogue()).program
    assert shipped is not None

    with pytest.raises(NotExpressible, match="no words yet"):
        to_yaml(shipped)


def test_the_urgency_of_a_notice_is_written_beside_it() -> None:
    told = recompiled(
        """
        process: told
        version: "1.0.0"
        title: Told
        start: {by: [anyone]}
        initial: one
        states:
          one:
            entry: [{notify: creator, subject: "{number}", urgency: low}, {notify: creator}]
            transitions: {end: {to: over, by: [anyone]}}
          over: {final: true}
        """
    )

    written = to_yaml(told)

    assert recompiled(written).digest == told.digest
    assert "urgency: low" in written
    assert "notify.email" not in written


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=programs(), given_steps=steps())
def test_random_charts_behave_the_same(random: Program, given_steps: list[Any]) -> None:
    result = compile_text(to_yaml(random), filename="random.yaml", catalogue=catalogue())
    assume(not any(problem.code.startswith("J5") or problem.code == "J205" for problem in result.errors))
    assert result.program is not None, result.errors

    def shown(seen: list[Any]) -> list[Any]:
        """Without the ids of transitions: timers stand in another place."""
        return [one if isinstance(one, str) else one[:2] for one in seen]

    assert shown(trace(result.program, given_steps)) == shown(trace(random, given_steps))


def test_an_imported_chart_is_a_definition_that_passes_the_checks() -> None:
    """Ids stay; nobody may take its transitions until somebody says who, which is a warning."""
    written = to_yaml(
        chart("""
        <datamodel><data id="count" expr="0"/><data id="name" expr="'x'"/></datamodel>
        <state id="a">
          <onentry><assign location="count" expr="count + 1"/><send event="late" delay="1.5s" id="t"/></onentry>
          <onexit><cancel sendid="t"/></onexit>
          <transition event="go" cond="count &lt; 3" target="b"><raise event="inner"/></transition>
          <transition event="late" target="end"/>
        </state>
        <parallel id="b">
          <state id="b1"><state id="x"/><transition event="inner" target="x"/></state>
          <state id="b2" initial="y"><state id="y"/></state>
          <history id="h" type="deep"><transition target="x y"/></history>
          <transition event="go" target="a"/><transition event="again" target="h"/>
        </parallel>
        <final id="end"/>
        """)
    )
    result = compile_text(written, filename="chart.yaml", catalogue=catalogue())

    assert result.program is not None, result.diagnostics
    assert {problem.severity for problem in result.diagnostics} == {"warning"}
    assert [top.id for top in result.program.states] == ["a", "b", "end"]
    assert "delay: PT1.5S" in written


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ('<state id="1a"/><state id="a"/>', "'1a': only letters"),
        ('<state id="a"><transition event="*" target="a"/></state>', "'*', which cannot be a transition code"),
        ('<state id="a"><transition event="error.x"/></state>', "'error.x', which cannot be"),
        ('<script>var n = 1;</script><datamodel><data id="n"/></datamodel><state id="a"/>', "before the first state"),
        (
            '<state id="a"><transition event="e.x"/><transition event="e"/><transition event="e.x"/></state>',
            "cannot keep their order",
        ),
        (
            '<state id="a"><initial><transition target="b"><raise event="x"/></transition></initial>'
            '<state id="b"/></state>',
            "initial transition of 'a' has actions",
        ),
        (
            '<state id="a"><history id="h"><transition target="b"><raise event="x"/></transition></history>'
            '<state id="b"/></state>',
            "history 'h' has actions",
        ),
        (
            '<state id="a"><onentry><send event="x"><content>text</content></send></onentry></state>',
            "payload that is no map",
        ),
        ('<state id="a"><onentry><raise event="a b"/></onentry></state>', "cannot be the name of an event"),
    ],
)
def test_what_a_definition_cannot_say_is_refused_with_its_place(inside: str, reason: str) -> None:
    with pytest.raises(NotExpressible, match=r".") as refused:
        to_yaml(chart(inside))

    assert reason in str(refused.value)


def test_ids_that_are_no_names_stay_as_they_are() -> None:
    written = to_yaml(
        chart(
            '<state id="a" initial="b.1"><state id="b.1"><transition event="go" target="b_1"/></state>'
            '<state id="b_1"><transition event="go" target="a.2"/></state><state id="a.2"/></state>'
        )
    )
    again = recompiled(written)

    assert [inner.id for inner in again.states[0].children] == ["b.1", "b_1", "a.2"]
    assert again.states[0].children[0].transitions[0].targets == ("b_1",)


def test_transitions_on_several_events_stand_under_each_code() -> None:
    written = to_yaml(chart('<state id="a"><transition event="x y" target="b"/></state><state id="b"/>'))

    codes = {transition.code for transition in recompiled(written).states[0].transitions}

    assert codes == {"x", "y"}


def test_texts_that_look_like_other_values_are_quoted() -> None:
    tricky = program(
        state("yes", to("off", event="on")), state("off", title="a: b # c"), state("final", title="1:30", kind="final")
    ).model_copy(update={"title": 'He said "no"\n… \u2028 ✓', "process": "tricky"})

    written = to_yaml(tricky)
    returned = compile_text(written, filename="tricky.yaml", catalogue=catalogue()).document

    assert returned is not None
    assert returned.title == tricky.title
    assert list(returned.states) == ["yes", "off", "final"]
    assert returned.states["off"].title == "a: b # c"
    assert returned.states["final"].title == "1:30"
