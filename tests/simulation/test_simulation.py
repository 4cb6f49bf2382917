"""An instance on a virtual clock."""

from __future__ import annotations

import pytest

from activities.actions import catalogue
from tests.engine.charts import assign, cel, offer, program, state, to
from workflows.definition.compile import compile_text
from workflows.definition.program import Const, Program, Send, Timer
from workflows.domain.errors import ExpressionFailed, InvalidInput, NotFound, RuleRefused
from workflows.engine.events import Actor
from workflows.engine.simulation import MONDAY_MORNING, Simulation


def compiled(text: str) -> Program:
    result = compile_text(text, filename="test.yaml", catalogue=catalogue())
    assert result.program is not None, result.diagnostics
    return result.program


def started(made: Program, **data: object) -> Simulation:
    simulation = Simulation(made)
    simulation.start(data)
    return simulation


def waits(length: str, *targets: str, name: str = "after.a.1") -> tuple[Timer, dict[str, object]]:
    return Timer(id=name, event=name, after=Const(value=length)), to(*targets, event=name)


def test_it_begins_on_a_fixed_monday_so_that_runs_are_equal() -> None:
    simulation = started(program(state("a", entry=[assign(since=cel("now"))])))

    assert simulation.snapshot.data["since"] == MONDAY_MORNING
    assert simulation.state == ["a"]


def test_the_number_follows_the_pattern_and_the_clock() -> None:
    made = program(state("a")).model_copy(update={"number": "NCR-{yyyy}-{seq:3}"})
    simulation = Simulation(made, "2027-05-05T08:00:00Z")
    simulation.start({})

    assert simulation.snapshot.number == "NCR-2027-001"


def test_an_event_nobody_takes_leaves_everything_as_it_is() -> None:
    simulation = started(program(state("a", offer("go", "b")), state("b")))
    before = simulation.snapshot

    assert simulation.send("unknown") == []
    assert simulation.state == ["a"]
    assert simulation.snapshot.data == before.data


def test_the_system_may_everything() -> None:
    simulation = started(program(state("a", offer("go", "b", by=("role:operator",))), state("b")))

    simulation.send("go")

    assert simulation.state == ["b"]


def test_waits_fire_when_their_time_has_come_and_not_before() -> None:
    timer, arrow = waits("PT2H", "b")
    simulation = started(program(state("a", arrow, timers=(timer,)), state("b", entry=[assign(at=cel("now"))])))

    simulation.advance("PT1H59M")
    assert simulation.state == ["a"]
    simulation.advance("PT2H")

    assert simulation.state == ["b"]
    assert simulation.snapshot.data["at"] == "2026-01-05T10:00:00Z"
    assert simulation.at == "2026-01-05T11:59:00Z"


def test_due_waits_fire_in_the_order_of_their_times_then_of_their_starts() -> None:
    """Also those that are started by one that fires on the way."""
    sends = [
        Send(event=name, delay=Const(value=length))
        for name, length in (("late", "PT3H"), ("one", "PT1H"), ("two", "PT1H"))
    ]
    simulation = started(
        program(
            state(
                "a",
                to(
                    event="one",
                    do=[assign(seen=cel('data.seen + ["one"]')), Send(event="mid", delay=Const(value="PT1H"))],
                ),
                *(to(event=name, do=[assign(seen=cel(f'data.seen + ["{name}"]'))]) for name in ("two", "mid", "late")),
                entry=[assign(seen=cel("[]")), *sends],
            )
        )
    )

    simulation.advance("PT4H")

    assert simulation.snapshot.data["seen"] == ["one", "two", "mid", "late"]


def test_every_due_wait_is_a_step_at_its_own_time_and_all_effects_are_told() -> None:
    timer, arrow = waits("PT1H", "a")
    made = program(state("a", arrow, timers=(timer,), entry=[assign(n=cel("has(data.n) ? data.n + 1 : 1"))]))
    simulation = started(made)

    effects = simulation.advance("PT3H30M")

    assert simulation.snapshot.data["n"] == 4
    assert [effect["due"] for effect in effects if effect["kind"] == "timer_start"] == [
        "2026-01-05T10:00:00Z",
        "2026-01-05T11:00:00Z",
        "2026-01-05T12:00:00Z",
    ]


def test_waits_without_length_that_start_themselves_again_are_an_error() -> None:
    timer, arrow = waits("PT0S", "a")
    simulation = started(program(state("a", arrow, timers=(timer,))))

    with pytest.raises(RuleRefused, match="more than") as refused:
        simulation.advance("PT1S")

    assert refused.value.code == "TIMER_BOUND"


@pytest.mark.parametrize("length", ["2 hours", "P1M", "", "-PT1H"])
def test_what_is_no_duration_is_refused(length: str) -> None:
    simulation = started(program(state("a")))

    with pytest.raises(ExpressionFailed):
        simulation.advance(length)


def test_a_wait_beyond_the_calendar_is_refused() -> None:
    simulation = started(program(state("a")))

    with pytest.raises(InvalidInput, match="beyond the calendar"):
        simulation.advance("P3000000D")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ExpressionFailed):
        Simulation(program(state("a")), "2026-01-05T08:00:00")


NUMBERS = """
process: numbers
version: "1.0.0"
title: Numbers
start: {by: [anyone]}
data:
  type: object
  properties: {weight: {type: number}}
states:
  open:
    transitions:
      weigh:
        by: [anyone]
        form: {type: object, properties: {weight: {type: number}}, additionalProperties: false}
        require: [weight]
        when: event.weight > 2.5
        else: TOO_LIGHT
        set: {weight: event.weight + 0.5}
"""


def test_whole_numbers_are_numbers() -> None:
    """`5` for a schema of type number is 5.0 before any expression reads it."""
    simulation = started(compiled(NUMBERS), weight=1)

    simulation.send("weigh", {"weight": 5})

    assert simulation.snapshot.data == {"weight": 5.5}


def test_a_verdict_says_why_not() -> None:
    simulation = started(compiled(NUMBERS), weight=1)

    assert simulation.verdict("weigh", {"weight": 2}).error == "TOO_LIGHT"
    assert simulation.verdict("weigh").status == 400
    assert simulation.verdict("unknown").status == 409


ACTIONS = """
process: calls
version: "1.0.0"
title: Calls
start: {by: [anyone]}
states:
  calling:
    entry:
      - do: http.request
        id: call
        with: {url: '"https://erp.example/orders"'}
        done: {to: answered}
        failed: {to: unanswered, set: {why: event.error.code}}
  answered: {}
  unanswered: {}
"""


def test_actions_wait_until_they_are_reported() -> None:
    simulation = started(compiled(ACTIONS))
    assert simulation.state == ["calling"]

    simulation.done("call", {})

    assert simulation.state == ["answered"]
    assert simulation.snapshot.pending == {}


def test_failed_actions_tell_why() -> None:
    simulation = started(compiled(ACTIONS))

    simulation.failed("http.request", {"code": "TIMEOUT"})

    assert simulation.state == ["unanswered"]
    assert simulation.snapshot.data["why"] == "TIMEOUT"


def test_actions_that_report_by_themselves_succeed() -> None:
    simulation = started(compiled(ACTIONS))

    simulation.settle(actions=True)

    assert simulation.state == ["answered"]


def test_some_actions_may_be_kept_waiting() -> None:
    simulation = started(compiled(ACTIONS))

    simulation.settle(actions=True, except_for=["call"])

    assert simulation.state == ["calling"]


def test_a_report_on_nothing_is_refused_with_what_is_pending() -> None:
    simulation = started(compiled(ACTIONS))

    with pytest.raises(NotFound, match="pending: call"):
        simulation.done("mail")


CHILDREN = """
process: parent
version: "1.0.0"
title: Parent
start: {by: [anyone]}
states:
  working:
    each: {of: "[1, 2, 3]", as: item, start: piece, with: {item: item}, until: 'children.exists(c, c.outcome == "bad")'}
    done: {to: finished, set: {outcomes: "children.map(c, c.outcome)"}}
    failed: {to: broken}
  finished: {}
  broken: {}
"""


def test_children_end_by_index_or_id() -> None:
    simulation = started(compiled(CHILDREN))
    simulation.settle(actions=True)

    simulation.child(0, outcome="good")
    simulation.child("2", outcome="good")
    simulation.child(2, outcome="good")

    assert simulation.state == ["finished"]


def test_a_completion_condition_ends_the_others() -> None:
    simulation = started(compiled(CHILDREN))
    simulation.settle(actions=True)

    effects = simulation.child(1, outcome="bad")

    assert simulation.state == ["finished"]
    assert [effect["child"] for effect in effects if effect["kind"] == "child_cancel"] == ["1", "3"]


def test_a_failed_child_is_an_event() -> None:
    simulation = started(compiled(CHILDREN))
    simulation.settle(actions=True)

    simulation.child(0, error={"message": "no"})

    assert simulation.state == ["broken"]
    with pytest.raises(NotFound, match="running: none"):
        simulation.child(0)


def test_who_may_start_is_judged() -> None:
    made = program(state("a")).model_copy(update={"start_by": ("role:planner",)})
    simulation = Simulation(made)

    assert simulation.may_start(Actor(1, "anna", "Anna", ("planner",))).allowed
    assert simulation.may_start(Actor(1, "otto", "Otto")).status == 403
