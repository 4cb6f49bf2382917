"""Which facts are looked up before a step."""

from __future__ import annotations

import pytest

from tests.engine.charts import AT, Instance, assign, cel, note, program, regions, state, to
from workflows.definition.program import Fact, Raise
from workflows.domain.errors import ExpressionFailed
from workflows.engine import chart as charts
from workflows.engine.events import Event
from workflows.engine.facts import fact_calls, facts_at_start, facts_needed

FACTS = {name: Fact(call=f"facts.{name}", **{"with": {"lot": cel("data.lot")}}) for name in ("one", "two", "three")}


def needed(instance: Instance, event: str | None) -> list[str]:
    return facts_needed(instance.chart, instance.snapshot, event)


def test_the_guards_of_every_alternative_count() -> None:
    a = state("a", to("b", event="go", when="facts.two > 1"), to("b", event="go", when='facts["one"] > 1'))
    instance = Instance(program(a, state("b"), facts=FACTS))

    assert needed(instance, "go") == ["one", "two"]
    assert needed(instance, "other") == []
    assert needed(instance, None) == ["one", "two"]


def test_actions_on_the_way_count() -> None:
    a = state("a", to("b", event="go", do=[assign(x=cel("facts.one"))]), exit=[note("x", cel("facts.two"))])
    instance = Instance(program(a, state("b", state("b1", entry=[note("x", cel("facts.three"))])), facts=FACTS))

    assert needed(instance, "go") == ["one", "two", "three"]


def test_what_follows_in_the_same_step_counts() -> None:
    """An eventless transition out of the target, and one that takes a raised event."""
    a = state("a", to("b", event="go", do=[Raise(event="told")]))
    b = state("b", to("c", when="facts.one > 1"), to("c", event="told", when="facts.two > 1"))
    instance = Instance(program(a, b, state("c", to("a", event="other", when="facts.three > 1")), facts=FACTS))

    assert needed(instance, "go") == ["one", "two"]


def test_other_regions_count_as_far_as_the_event_reaches_them() -> None:
    p = regions(
        "p",
        state("r1", to(event="go", when="facts.one > 1"), to(event="other", when="facts.three > 1")),
        state("r2", to(event="go", when="facts.two > 1")),
    )
    instance = Instance(program(p, facts=FACTS))

    assert needed(instance, "go") == ["one", "two"]


def test_a_use_of_all_facts_needs_all() -> None:
    instance = Instance(program(state("a", to(event="go", when="size(facts) == 3")), facts=FACTS))

    assert needed(instance, "go") == ["one", "two", "three"]


def test_the_start_has_facts_of_its_own() -> None:
    later = program(state("a", to(event="go", when="facts.one > 1")), facts=FACTS)
    assert facts_at_start(charts.load(later)) == []

    first = state("a", to("b", when="facts.one > 1"), entry=[note("x", cel("facts.two"))])
    routed = program(first, state("b"), facts=FACTS)
    assert facts_at_start(charts.load(routed)) == ["one", "two"]


def test_arguments_are_evaluated() -> None:
    instance = Instance(program(state("a"), facts=FACTS), data={"lot": "L1"})

    assert fact_calls(instance.chart, instance.snapshot, ["two"], Event("go", at=AT)) == {
        "two": {"call": "facts.two", "with": {"lot": "L1"}}
    }


def test_arguments_that_cannot_be_evaluated_fail() -> None:
    instance = Instance(program(state("a"), facts=FACTS))
    with pytest.raises(ExpressionFailed):
        fact_calls(instance.chart, instance.snapshot, ["two"], Event("go", at=AT))
