"""Child instances: one, or one for each item of a list."""

from __future__ import annotations

from typing import Any

from tests.engine.charts import AT, Instance, assign, cel, program, state, to
from workflows.definition.program import Invoke
from workflows.engine.events import Event
from workflows.engine.repair import retry, skip

ITEMS = {"items": ["x", "y", "z"]}


def parent(**invoke: Any) -> Instance:
    """A state with a child for each item that goes on when they are done, or have failed."""
    each = Invoke(process="unit", **{"of": "data.items", "with_": {"name": cel("item")}} | invoke)
    busy = state(
        "busy",
        to("ready", event="done.invoke.busy", do=[assign(seen=cel("children.map(c, c.outcome)"))]),
        to("broken", event="error.invoke.busy", do=[assign(code=cel("event.error.code"))]),
        to("away", event="leave"),
        invoke=each,
    )
    return Instance(program(busy, state("ready"), state("broken"), state("away", to("busy", event="back"))), data=ITEMS)


def done(instance: Instance, child: str, outcome: str = "made", **result: Any) -> None:
    instance.send("child.done", {"child": child, "outcome": outcome, "result": result}, ref=child)


def statuses(instance: Instance) -> list[str]:
    return [child["status"] for child in instance.snapshot.children.values()]


def test_every_item_gets_a_child_with_its_own_data() -> None:
    instance = parent()

    started = [(effect["child"], effect["index"], effect["data"]) for effect in instance.effects("child_start")]
    assert started == [("1", 0, {"name": "x"}), ("2", 1, {"name": "y"}), ("3", 2, {"name": "z"})]
    assert statuses(instance) == ["running"] * 3


def test_the_state_goes_on_when_all_children_are_done() -> None:
    instance = parent()
    done(instance, "2")
    done(instance, "1", "scrapped")
    assert instance.state == "busy"
    done(instance, "3")

    assert (instance.state, instance.snapshot.data["seen"]) == ("ready", ["scrapped", "made", "made"])


def test_sequential_children_start_one_after_the_other() -> None:
    instance = parent(sequential=True)
    assert statuses(instance) == ["running", "waiting", "waiting"]
    done(instance, "1")

    assert [effect["child"] for effect in instance.effects("child_start")] == ["2"]
    assert statuses(instance) == ["done", "running", "waiting"]


def test_a_completion_condition_ends_the_rest() -> None:
    instance = parent(until="children.exists(c, c.outcome == 'scrapped')")
    done(instance, "2", "scrapped")

    assert [effect["child"] for effect in instance.effects("child_cancel")] == ["1", "3"]
    assert (instance.state, statuses(instance)) == ("ready", ["cancelled", "done", "cancelled"])


def test_leaving_the_state_cancels_its_children() -> None:
    instance = parent(sequential=True)
    instance.send("leave")

    assert [effect["child"] for effect in instance.effects("child_cancel")] == ["1"]
    assert statuses(instance) == ["cancelled"] * 3


def test_a_report_of_a_cancelled_child_is_nothing() -> None:
    instance = parent()
    instance.send("leave")
    made = instance.send("child.done", {"child": "1", "outcome": "made"}, ref="1")

    assert (made.taken, statuses(instance)) == ([], ["cancelled"] * 3)


def test_coming_back_starts_new_children() -> None:
    instance = parent()
    instance.send("leave")
    instance.send("back")

    assert list(instance.snapshot.children) == ["4", "5", "6"]


def test_an_empty_list_is_done_at_once() -> None:
    instance = parent(of="[]")

    assert instance.state == "ready"


def test_a_single_child_gives_its_outcome_and_result() -> None:
    busy = state(
        "busy",
        to("ready", event="done.invoke.busy", do=[assign(outcome=cel("event.outcome"), n=cel("event.result.n"))]),
        invoke=Invoke(process="unit"),
    )
    instance = Instance(program(busy, state("ready")))
    done(instance, "1", "made", n=3)

    assert instance.snapshot.data == {"outcome": "made", "n": 3}


def test_children_start_only_where_the_step_comes_to_rest() -> None:
    passing = state("passing", to("next"), invoke=Invoke(process="unit"))
    instance = Instance(program(passing, state("next")))

    assert (instance.effects("child_start"), instance.snapshot.children) == ([], {})


def test_a_failure_that_the_definition_handles_is_an_event() -> None:
    instance = parent(handles_failure=True)
    instance.send("child.failed", {"child": "2", "error": {"code": "BROKEN", "message": "x"}}, ref="2")

    assert (instance.state, instance.snapshot.data["code"]) == ("broken", "BROKEN")
    assert instance.snapshot.incidents == {}


def test_a_failure_that_nobody_handles_is_an_incident() -> None:
    instance = parent()
    instance.send("child.failed", {"child": "2", "error": {"code": "BROKEN", "message": "x"}}, ref="2")

    (incident,) = instance.snapshot.incidents.values()
    assert (incident["kind"], incident["ref"], incident["error"]["code"]) == ("child", "2", "BROKEN")
    assert statuses(instance) == ["running", "failed", "running"]


def test_a_failed_child_can_be_started_again() -> None:
    instance = parent()
    instance.send("child.failed", {"child": "2"}, ref="2")
    instance.last = retry(instance.chart, instance.snapshot, "1", Event("retry", at=AT))

    assert [effect["child"] for effect in instance.effects("child_start")] == ["2"]
    assert (statuses(instance), instance.snapshot.incidents) == (["running"] * 3, {})


def test_a_failed_child_can_be_left_out() -> None:
    instance = parent()
    done(instance, "1")
    done(instance, "3")
    instance.send("child.failed", {"child": "2"}, ref="2")
    instance.last = skip(instance.chart, instance.snapshot, "1", Event("skip", at=AT))

    assert (instance.state, instance.snapshot.data["seen"]) == ("ready", ["made", None, "made"])


def test_the_start_of_a_child_is_only_noted() -> None:
    instance = parent()
    instance.send("child.started", ref="1")

    assert list(instance.snapshot.pending) == ["2", "3"]
