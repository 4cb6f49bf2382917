"""Which transitions an event takes, and which events follow."""

from __future__ import annotations

import pytest

from tests.engine.charts import Instance, assign, cel, const, final, note, program, regions, state, to
from workflows.definition.program import Raise, Send
from workflows.domain.errors import ExpressionFailed, RuleRefused
from workflows.engine.events import Event
from workflows.engine.step import step


@pytest.mark.parametrize(
    ("descriptor", "event", "taken"),
    [
        ("foo", "foo", True),
        ("foo", "foo.bar", True),
        ("foo.bar", "foo", False),
        ("foo", "foobar", False),
        ("foo.*", "foo", True),
        ("foo.*", "foo.bar.baz", True),
        ("foo.", "foo.bar", True),
        ("*", "anything.at.all", True),
    ],
)
def test_events_match_by_dot_separated_prefix(descriptor: str, event: str, taken: bool) -> None:
    instance = Instance(program(state("a", to("b", event=descriptor)), state("b")))
    instance.send(event)

    assert instance.state == ("b" if taken else "a")


def test_an_event_nobody_takes_changes_nothing() -> None:
    instance = Instance(program(state("a", to("b", event="go")), state("b")))
    before = instance.snapshot
    made = instance.send("other")

    assert (made.taken, made.effects, made.snapshot) == ([], [], before)


def test_the_first_alternative_that_holds_is_taken() -> None:
    alternatives = [to(name, event="go", when=f"data.n < {limit}") for name, limit in (("b", 1), ("c", 5), ("d", 9))]
    instance = Instance(program(state("a", *alternatives), state("b"), state("c"), state("d"), data={"n": 3}))
    instance.send("go")

    assert instance.state == "c"


def test_inner_states_come_before_outer_ones() -> None:
    outer = state("a", state("a1", to("b", event="go")), to("c", event="go"))
    instance = Instance(program(outer, state("b"), state("c")))
    instance.send("go")

    assert instance.state == "b"


def test_an_outer_state_takes_what_the_guard_of_an_inner_one_refuses() -> None:
    outer = state("a", state("a1", to("b", event="go", when="false")), to("c", event="go"))
    instance = Instance(program(outer, state("b"), state("c")))
    instance.send("go")

    assert instance.state == "c"


def test_of_conflicting_transitions_the_inner_source_wins() -> None:
    """x finds the transition of p, y finds its own; both cannot be, and y's source lies within p."""
    p = regions(
        "p",
        state("r1", state("x")),
        state("r2", state("y", to("y2", event="go")), state("y2")),
        to("out", event="go"),
    )
    instance = Instance(program(p, state("out")))
    instance.send("go")

    assert instance.state == "x y2"


def test_of_conflicting_transitions_in_two_regions_the_first_in_the_document_wins() -> None:
    p = regions("p", state("r1", state("x", to("out", event="go"))), state("r2", state("y", to("other", event="go"))))
    instance = Instance(program(p, state("out"), state("other")))
    instance.send("go")

    assert (instance.state, instance.last.taken) == ("out", ["x/0"])


def test_the_common_ancestor_of_a_transition_is_never_a_parallel_state() -> None:
    """A region that re-enters itself takes its parallel state with it."""
    p = regions("p", state("r1", to("r1", event="again"), traced=True), state("r2", traced=True), traced=True)
    instance = Instance(program(p))
    instance.send("again")

    assert instance.trace == ["-r2", "-r1", "-p", "+p", "+r1", "+r2"]


def test_one_transition_may_name_targets_in_several_regions() -> None:
    p = regions("p", state("r1", state("x"), state("x2")), state("r2", state("y"), state("y2")))
    instance = Instance(program(state("a", to("x2", "y2", event="go")), p))
    instance.send("go")

    assert instance.state == "x2 y2"


def test_internal_events_come_before_external_ones() -> None:
    """`raise` after an undelayed `send` is still taken first."""
    a = state(
        "a",
        to("b", event="go", do=[Send(event="sent"), Raise(event="raised")]),
    )
    b = state("b", to(event="raised", do=[note("raised")]), to(event="sent", do=[note("sent")]))
    instance = Instance(program(a, b))
    instance.send("go")

    assert instance.trace == ["raised", "sent"]


def test_eventless_transitions_come_before_internal_events() -> None:
    a = state("a", to("b", event="go", do=[Raise(event="raised")]))
    instance = Instance(program(a, state("b", to("c")), state("c", to(event="raised", do=[note("in c")]))))
    instance.send("go")

    assert (instance.state, instance.trace) == ("c", ["in c"])


def test_events_carry_their_payload_and_it_stays_in_sight_until_the_next_one() -> None:
    a = state("a", to("b", event="go", do=[Raise(event="told", data={"n": cel("event.n + 1")})]))
    b = state("b", to("c", event="told", do=[assign(told=cel("event.n"))]))
    c = state("c", to("d", when="event.n == 5"))
    instance = Instance(program(a, b, c, state("d")))
    instance.send("go", {"n": 4})

    assert (instance.state, instance.snapshot.data) == ("d", {"told": 5})


def test_a_payload_may_be_a_plain_text() -> None:
    a = state("a", to(event="go", do=[Send(event="said", content=const("hello"))]))
    instance = Instance(program(state("w", a, to("x", event="said", when="event == 'hello'")), state("x")))
    instance.send("go")

    assert instance.state == "x"


# --- done events ------------------------------------------------------------------------------------------------


def test_a_final_child_reports_done_of_its_parent_with_its_data() -> None:
    box = state(
        "box",
        state("work", to("end", event="go")),
        final("end", result={"n": cel("data.n * 2")}),
        to("out", event="done.state.box", do=[assign(result=cel("event.n"))]),
    )
    instance = Instance(program(box, state("out"), data={"n": 21}))
    instance.send("go")

    assert (instance.state, instance.snapshot.data["result"]) == ("out", 42)


def test_a_parallel_state_is_done_when_its_last_region_is() -> None:
    p = regions(
        "p",
        state("r1", state("x", to("xf", event="one")), final("xf")),
        state("r2", state("y", to("yf", event="two")), final("yf")),
        to("out", event="done.state.p"),
    )
    instance = Instance(program(p, state("out")))
    instance.send("one")
    assert instance.state == "xf y"
    instance.send("two")
    assert instance.state == "out"


def test_done_goes_to_the_parent_and_to_a_parallel_grandparent_but_no_further() -> None:
    inner = regions(
        "inner",
        state("r1", state("x", to("xf", event="go")), final("xf")),
        state("r2", state("y", to("yf", event="go")), final("yf")),
    )
    outer = state("outer", inner, to(event="done.state", do=[note("done", cel("instance.event"))]))
    instance = Instance(program(outer))
    instance.send("go")

    seen = [effect["value"] for effect in instance.effects("log")]
    assert seen == ["done.state.r1", "done.state.r2", "done.state.inner"]


# --- bounds and failures ---------------------------------------------------------------------------------------


def test_an_endless_eventless_loop_is_refused() -> None:
    instance = Instance(
        program(state("a", to("b", event="go")), state("b", to("c")), state("c", to("b")), max_microsteps=50)
    )
    with pytest.raises(RuleRefused) as refused:
        instance.send("go")

    assert refused.value.code == "MICROSTEP_BOUND"
    assert instance.state == "a"


def test_an_instance_that_sends_to_itself_without_end_is_refused() -> None:
    instance = Instance(program(state("a", to(event="go", do=[Send(event="go")])), max_microsteps=50))
    with pytest.raises(RuleRefused) as refused:
        instance.send("go")

    assert refused.value.code == "MICROSTEP_BOUND"


def test_a_chart_may_take_as_many_microsteps_as_the_bound_says() -> None:
    counting = state("b", to("b", when="data.n < 40", do=[assign(n=cel("data.n + 1"))]))
    instance = Instance(program(state("a", to("b", event="go")), counting, data={"n": 0}, max_microsteps=41))
    instance.send("go")

    assert instance.snapshot.data == {"n": 40}


def test_a_guard_that_fails_is_never_false() -> None:
    instance = Instance(
        program(state("a", to("b", event="go", when="data.missing > 3"), to("c", event="go")), state("b"), state("c"))
    )
    with pytest.raises(ExpressionFailed) as failed:
        instance.send("go")

    assert failed.value.details["expression"] == "data.missing > 3"
    assert instance.state == "a"


def test_a_guard_that_is_no_boolean_fails() -> None:
    instance = Instance(program(state("a", to("b", event="go", when="data.n")), state("b"), data={"n": 1}))
    with pytest.raises(ExpressionFailed):
        instance.send("go")


def test_a_step_that_fails_half_way_leaves_the_snapshot_as_it_was() -> None:
    a = state("a", to("b", event="go", do=[assign(x=1), assign(y=cel("data.nope"))]))
    instance = Instance(program(a, state("b")))
    before = instance.snapshot.to_json() | {"data": dict(instance.snapshot.data)}
    with pytest.raises(ExpressionFailed):
        instance.send("go")

    assert instance.snapshot.to_json() == before


def test_an_ended_instance_takes_nothing_more() -> None:
    instance = Instance(program(state("a", to("end", event="go")), final("end")))
    ended = instance.send("go").snapshot
    made = step(instance.chart, ended, Event("go"))

    assert (made.taken, made.effects, made.snapshot) == ([], [], ended)
