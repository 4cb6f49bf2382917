"""Waiting: `after` of states, absolute deadlines, delayed sends."""

from __future__ import annotations

import pytest

from tests.engine.charts import AT, Instance, cel, const, final, program, regions, state, to
from workflows.definition.program import Cancel, Send, Timer
from workflows.domain.errors import ExpressionFailed
from workflows.engine import times
from workflows.engine.events import Event
from workflows.engine.step import cancel


def waiting(name: str, length: str = "PT1H", target: str = "late", **more: object) -> object:
    """A state that goes on after a while."""
    timer = Timer(id=f"after.{name}.0", event=f"after.{name}.0", after=const(length))
    return state(name, to(target, event=timer.event), to("b", event="go"), to(name, event="again"), timers=(timer,))


def test_a_timer_starts_on_entry_and_is_due_after_its_length() -> None:
    instance = Instance(program(waiting("a", "P1DT30M"), state("b"), state("late")))

    assert instance.snapshot.timers["after.a.0"]["due"] == "2026-03-03T08:30:00Z"
    assert instance.effects("timer_start") == [
        {
            "kind": "timer_start",
            "timer": "after.a.0",
            "due": "2026-03-03T08:30:00Z",
            "event": "after.a.0",
            "state": "a",
        }
    ]


def test_a_timer_is_cancelled_on_exit() -> None:
    instance = Instance(program(waiting("a"), state("b"), state("late")))
    instance.send("go")

    assert instance.snapshot.timers == {}
    assert instance.effects("timer_cancel") == [{"kind": "timer_cancel", "timer": "after.a.0", "state": "a"}]


def test_a_timer_is_restarted_on_re_entry() -> None:
    instance = Instance(program(waiting("a"), state("b"), state("late")))
    instance.send("again", at="2026-03-02T08:59:00Z")

    assert [effect["kind"] for effect in instance.last.effects] == ["timer_cancel", "timer_start"]
    assert instance.snapshot.timers["after.a.0"]["due"] == "2026-03-02T09:59:00Z"


def test_a_timer_that_fired_is_forgotten_and_not_cancelled() -> None:
    instance = Instance(program(waiting("a"), state("b"), state("late")))
    instance.fire("after.a.0")

    assert (instance.state, instance.snapshot.timers, instance.last.effects) == ("late", {}, [])


def test_a_timer_that_fires_late_is_nothing() -> None:
    """It was cancelled, or has fired already: the report that comes after that is discarded."""
    instance = Instance(program(waiting("a"), waiting("b", target="a"), state("late")))
    instance.send("go")
    made = instance.send("after.a.0", ref="after.a.0")

    assert (made.taken, instance.state) == ([], "b")


def test_timers_of_outer_states_run_on_while_inner_ones_change() -> None:
    timer = Timer(id="after.box.0", event="after.box.0", after=const("PT1H"))
    box = state(
        "box", state("one", to("two", event="next")), state("two"), to("late", event="after.box.0"), timers=(timer,)
    )
    instance = Instance(program(box, state("late")))
    started = instance.snapshot.timers
    instance.send("next")

    assert instance.snapshot.timers == started


def test_a_deadline_comes_from_the_data() -> None:
    timer = Timer(id="after.a.0", event="after.a.0", at=cel("data.due"))
    instance = Instance(program(state("a", timers=(timer,))), data={"due": "2026-03-02T12:00:00+02:00"})

    assert instance.snapshot.timers["after.a.0"]["due"] == "2026-03-02T10:00:00Z"


@pytest.mark.parametrize("given", ["P1M", "P1Y", "1h", "", "PT", "P", 5, None, "-PT1H"])
def test_what_is_no_duration_fails_the_step(given: object) -> None:
    timer = Timer(id="after.a.0", event="after.a.0", after=cel("data.wait"))
    with pytest.raises(ExpressionFailed):
        Instance(program(state("a", timers=(timer,))), data={"wait": given})


@pytest.mark.parametrize("given", ["2026-03-02", "2026-03-02T12:00:00", "noon", 5, None])
def test_a_deadline_without_a_zone_or_time_fails_the_step(given: object) -> None:
    timer = Timer(id="after.a.0", event="after.a.0", at=cel("data.due"))
    with pytest.raises(ExpressionFailed):
        Instance(program(state("a", timers=(timer,))), data={"due": given})


@pytest.mark.parametrize(
    ("length", "due"),
    [
        ("PT0.01S", "2026-03-02T08:00:00.010000Z"),
        ("P1W", "2026-03-09T08:00:00Z"),
        ("P3D", "2026-03-05T08:00:00Z"),
        ("PT1H30M15S", "2026-03-02T09:30:15Z"),
    ],
)
def test_durations_are_added_exactly(length: str, due: str) -> None:
    assert times.after(AT, length) == due


def test_a_duration_beyond_the_calendar_fails() -> None:
    with pytest.raises(ExpressionFailed):
        times.after(AT, "P9999999D")


# --- delayed sends -----------------------------------------------------------------------------------------------


def test_a_delayed_send_waits_outside_the_step_and_brings_its_payload() -> None:
    a = state("a", to("b", event="go", do=[Send(event="later", delay=const("PT5M"), data={"n": cel("event.n")})]))
    instance = Instance(program(a, state("b", to("c", event="later", when="event.n == 3")), state("c")))
    instance.send("go", {"n": 3})
    assert (instance.state, list(instance.snapshot.timers)) == ("b", ["send.1"])

    instance.fire("send.1")
    assert instance.state == "c"


def test_a_delayed_send_outlives_the_state_that_sent_it() -> None:
    sending = state("a", to("b", event="go"), entry=[Send(event="later", delay=const("PT5M"))])
    instance = Instance(program(sending, state("b", to("c", event="later")), state("c")))
    instance.send("go")

    assert list(instance.snapshot.timers) == ["send.1"]


def test_cancel_drops_every_delayed_send_of_that_id() -> None:
    sends = [Send(event="later", delay=const("PT5M"), id=name) for name in ("x", "x", "y")]
    instance = Instance(program(state("a", to(event="stop", do=[Cancel(id="x")]), entry=sends)))
    instance.send("stop")

    assert [timer["send"] for timer in instance.snapshot.timers.values()] == ["y"]
    assert [effect["timer"] for effect in instance.effects("timer_cancel")] == ["send.1", "send.2"]


def test_the_end_drops_what_still_waits() -> None:
    sending = state("a", to("end", event="go"), entry=[Send(event="later", delay=const("PT5M"))])
    instance = Instance(program(sending, final("end")))
    instance.send("go")

    assert instance.snapshot.timers == {}
    assert [effect["kind"] for effect in instance.last.effects] == ["timer_cancel", "done"]


def test_cancelling_an_instance_exits_all_states_and_drops_all_timers() -> None:
    timer = Timer(id="after.r1.0", event="after.r1.0", after=const("PT1H"))
    p = regions("p", state("r1", traced=True, timers=(timer,)), state("r2", traced=True), traced=True)
    instance = Instance(program(p))
    instance.last = cancel(instance.chart, instance.snapshot, Event("cancel", at=AT))

    assert instance.trace == ["-r2", "-r1", "-p"]
    assert (instance.snapshot.status, instance.snapshot.configuration, instance.snapshot.timers) == (
        "cancelled",
        [],
        {},
    )
