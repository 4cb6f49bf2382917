"""Incidents: opened when something failed for good, closed by retry, skip, patch or move."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.charts import AT, Instance, assign, cel, final, program, regions, state, to
from workflows.definition.program import Do
from workflows.domain.errors import ExpressionFailed, InstanceEnded, InvalidInput, NotFound
from workflows.engine.events import Event
from workflows.engine.repair import merged, move, open_incident, patch, retry, skip
from workflows.engine.step import cancel

LATER = "2026-03-02T10:00:00Z"
ERROR = {"code": "TIMEOUT", "message": "no answer", "details": {}}


def with_effect(**more: Any) -> Instance:
    """An instance whose activity has failed for good."""
    do = Do(id="x", action="x.do", mode="activity", with_={"n": cel("data.n")})
    a = state("a", to("b", event="done.do.x"), entry=[do])
    instance = Instance(program(a, state("b"), data={"n": 1}, **more))
    incident(instance, kind="effect", ref="1", state="a")
    return instance


def incident(instance: Instance, event: Event | None = None, **more: Any) -> None:
    instance.last = open_incident(instance.chart, instance.snapshot, error=ERROR, event=event, at=AT, **more)


def test_an_incident_keeps_what_failed_and_since_when() -> None:
    instance = with_effect()

    assert instance.snapshot.incidents == {
        "1": {"kind": "effect", "ref": "1", "state": "a", "error": ERROR, "since": AT, "event": None}
    }
    assert list(instance.snapshot.pending) == ["1"]


def test_retry_carries_the_effect_out_again_with_the_data_of_now() -> None:
    instance = with_effect()
    instance.last = patch(instance.chart, instance.snapshot, {"n": 5}, Event("patch", at=LATER))
    instance.last = retry(instance.chart, instance.snapshot, "1", Event("retry", at=LATER))

    (effect,) = instance.effects("do")
    assert (effect["id"], effect["attempt_round"], effect["with"]) == ("1", 1, {"n": 5})
    assert (instance.snapshot.pending, instance.snapshot.incidents) == ({"1": effect}, {})


def test_skip_counts_the_effect_as_done() -> None:
    instance = with_effect()
    instance.last = skip(instance.chart, instance.snapshot, "1", Event("skip", at=LATER))

    assert (instance.state, instance.snapshot.pending, instance.snapshot.incidents) == ("b", {}, {})


def test_an_event_that_could_not_be_taken_is_taken_again_at_the_new_time() -> None:
    a = state("a", to("b", event="go", when="data.n > 1", do=[assign(at=cel("string(now)"), x=cel("event.x"))]))
    instance = Instance(program(a, state("b")))
    failed = Event("go", {"x": 3}, AT)
    with pytest.raises(ExpressionFailed):
        instance.send("go", {"x": 3})
    incident(instance, failed, kind="event", ref=None, state="a")

    instance.last = patch(instance.chart, instance.snapshot, {"n": 2}, Event("patch", at=LATER))
    instance.last = retry(instance.chart, instance.snapshot, "1", Event("retry", at=LATER))
    assert (instance.state, instance.snapshot.data) == ("b", {"n": 2, "x": 3, "at": LATER})


def test_a_retry_that_fails_again_leaves_the_incident_open() -> None:
    instance = Instance(program(state("a", to(event="go", when="data.n > 1"))))
    incident(instance, Event("go", {}, AT), kind="event", ref=None, state="a")
    with pytest.raises(ExpressionFailed):
        retry(instance.chart, instance.snapshot, "1", Event("retry", at=LATER))

    assert list(instance.snapshot.incidents) == ["1"]


def test_skipping_an_event_discards_it() -> None:
    instance = Instance(program(state("a", to("b", event="go")), state("b")))
    incident(instance, Event("go", {}, AT), kind="event", ref=None, state="a")
    instance.last = skip(instance.chart, instance.snapshot, "1", Event("skip", at=LATER))

    assert (instance.state, instance.snapshot.incidents) == ("a", {})


def test_an_unknown_incident_is_not_found() -> None:
    instance = with_effect()
    for repair in (retry, skip):
        with pytest.raises(NotFound):
            repair(instance.chart, instance.snapshot, "9", Event("x", at=LATER))


# --- patch --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "change", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": "foo"}, {"a": {"b": 1, "c": None}}, {"a": {"b": 1}}),
    ],
)
def test_patches_are_json_merge_patches(value: Any, change: Any, result: Any) -> None:
    """Source: RFC 7396, appendix A."""
    assert merged(value, change) == result


def test_a_patch_that_breaks_the_schema_is_refused() -> None:
    instance = with_effect(data_schema={"properties": {"n": {"type": "integer"}}})
    with pytest.raises(InvalidInput) as refused:
        patch(instance.chart, instance.snapshot, {"n": "x"}, Event("patch", at=LATER))

    assert refused.value.code == "DATA_INVALID"
    assert instance.snapshot.data == {"n": 1}


def test_a_patch_may_make_an_eventless_transition_possible() -> None:
    instance = Instance(program(state("a", to("b", when="data.n > 1")), state("b"), data={"n": 1}))
    instance.last = patch(instance.chart, instance.snapshot, {"n": 2}, Event("patch", at=LATER))

    assert instance.state == "b"


# --- move ---------------------------------------------------------------------------------------------------------


def test_a_move_exits_and_enters_with_actions() -> None:
    instance = Instance(
        program(state("a", traced=True), state("box", state("b1", traced=True), state("b2", traced=True), traced=True))
    )
    instance.last = move(instance.chart, instance.snapshot, "b2", Event("move", at=LATER))

    assert (instance.trace, instance.state, instance.last.taken) == (["-a", "+box", "+b2"], "b2", ["move/b2"])


def test_a_move_within_a_region_leaves_the_others_alone() -> None:
    p = regions(
        "p",
        state("r1", state("x", traced=True), state("x2", traced=True), traced=True),
        state("r2", state("y", traced=True), traced=True),
        traced=True,
    )
    instance = Instance(program(p))
    instance.last = move(instance.chart, instance.snapshot, "x2", Event("move", at=LATER))

    assert (instance.trace, instance.state) == (["-x", "+x2"], "x2 y")


def test_a_move_may_close_the_incident_that_called_for_it() -> None:
    instance = with_effect()
    instance.last = move(instance.chart, instance.snapshot, "b", Event("move", at=LATER), incident_id="1")

    assert (instance.state, instance.snapshot.incidents, instance.snapshot.pending) == ("b", {}, {})


def test_a_move_to_a_final_ends_the_instance() -> None:
    instance = Instance(program(state("a"), final("end")))
    instance.last = move(instance.chart, instance.snapshot, "end", Event("move", at=LATER))

    assert (instance.snapshot.status, instance.last.effects[-1]["kind"]) == ("done", "done")


def test_a_move_to_nowhere_is_not_found() -> None:
    instance = with_effect()
    with pytest.raises(NotFound):
        move(instance.chart, instance.snapshot, "nowhere", Event("move", at=LATER))


def test_cancelling_an_instance_closes_its_incidents() -> None:
    instance = with_effect()
    instance.last = cancel(instance.chart, instance.snapshot, Event("cancel", at=LATER))

    assert (instance.snapshot.incidents, instance.snapshot.pending) == ({}, {})
    with pytest.raises(InstanceEnded):
        cancel(instance.chart, instance.snapshot, Event("cancel", at=LATER))
