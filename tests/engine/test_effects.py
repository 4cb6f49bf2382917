"""Tasks, actions of the registry, messages, compensation: effects and what the snapshot remembers of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.charts import AT, Instance, assign, cel, const, final, note, offer, program, state, to
from workflows.definition.program import (
    Assign,
    Branch,
    Compensate,
    Compensation,
    Do,
    Emit,
    ForEach,
    If,
    Retry,
    Send,
    Start,
    Task,
    Text,
)
from workflows.domain.errors import ExpressionFailed, InvalidInput
from workflows.engine.events import Actor

ANNA = Actor(1, "anna", "Anna", ("qc_manager",))


def review(**more: Any) -> Task:
    return Task(title=Text(parts=("Review ", "number", "")), candidates=("role:qc_manager",), **more)


# --- tasks ---------------------------------------------------------------------------------------------------


def test_a_task_is_open_while_its_state_is_active() -> None:
    instance = Instance(program(state("a", to("b", event="go"), task=review(due=const("PT24H"))), state("b")))
    opened = {
        "state": "a",
        "title": "Review T-1",
        "candidates": ["role:qc_manager"],
        "assignee": None,
        "opened_at": AT,
        "due_at": "2026-03-03T08:00:00Z",
        "priority": 3,
        "form": None,
    }
    assert instance.snapshot.tasks == {"1": opened}
    assert instance.effects("task_open") == [{"kind": "task_open", "task": "1", **opened}]

    instance.send("go")
    assert instance.snapshot.tasks == {}
    assert instance.effects("task_close") == [{"kind": "task_close", "state": "a", "task": "1"}]


def test_a_task_sees_what_the_entry_actions_have_set() -> None:
    a = state("a", entry=[assign(who="anna")], task=review(assignee=cel("data.who")))
    instance = Instance(program(a))

    assert instance.snapshot.tasks["1"]["assignee"] == "anna"


@pytest.mark.parametrize("nobody", ["", None])
def test_an_empty_assignee_is_nobody(nobody: str | None) -> None:
    instance = Instance(program(state("a", task=review(assignee=const(nobody)))))

    assert instance.snapshot.tasks["1"]["assignee"] is None


@pytest.mark.parametrize(
    ("to_whom", "assignee", "candidates"),
    [
        ("user:bob", "bob", ["role:qc_manager"]),
        ("role:plant_manager", None, ["role:plant_manager"]),
        ("group:night_shift", None, ["group:night_shift"]),
        ("", None, ["role:qc_manager"]),
    ],
)
def test_a_task_can_be_given_to_somebody_else(to_whom: str, assignee: str | None, candidates: list[str]) -> None:
    a = state("a", to(event="give", do=[Assign(state="a", to=cel("event.to"))]), task=review())
    instance = Instance(program(a))
    instance.send("give", {"to": to_whom})

    task = instance.snapshot.tasks["1"]
    assert (task["assignee"], task["candidates"]) == (assignee, candidates)
    assert instance.effects("task_assign") == [
        {"kind": "task_assign", "state": "a", "task": "1", "to": to_whom or None}
    ]


# --- registered actions --------------------------------------------------------------------------------------


def test_an_activity_stays_pending_until_it_reports_back() -> None:
    do = Do(id="hold", action="stock.hold", mode="activity", with_={"lot": cel("data.lot")}, retry=Retry(attempts=3))
    a = state("a", to("b", event="done.do.hold", do=[assign(held=cel("event.quantity"))]), entry=[do])
    instance = Instance(program(a, state("b")), data={"lot": "L1"})
    (effect,) = instance.effects("do")
    assert (effect["id"], effect["with"], effect["retry"]["attempts"]) == ("1", {"lot": "L1"}, 3)
    assert instance.snapshot.pending == {"1": effect}

    instance.send("done.do.hold", {"quantity": 4}, ref="1")
    assert (instance.state, instance.snapshot.pending, instance.snapshot.data["held"]) == ("b", {}, 4)


def test_a_sql_action_is_part_of_the_commit_and_never_pending() -> None:
    do = Do(id="hold", action="stock.hold", mode="sql")
    instance = Instance(program(state("a", entry=[do])))

    assert [effect["id"] for effect in instance.effects("do")] == ["1"]
    assert instance.snapshot.pending == {}


def test_a_report_that_comes_twice_is_taken_once() -> None:
    a = state("a", to(event="done.do.x", do=[note("done")]), entry=[Do(id="x", action="x", mode="activity")])
    instance = Instance(program(a))
    instance.send("done.do.x", ref="1")
    assert instance.trace == ["done"]

    assert instance.send("done.do.x", ref="1").taken == []


def test_a_failure_is_an_event_like_any_other() -> None:
    do = Do(id="x", action="x", mode="activity", handles_failure=True)
    a = state("a", to("failed", event="error.do.x", do=[assign(code=cel("event.error.code"))]), entry=[do])
    instance = Instance(program(a, state("failed")))
    instance.send("error.do.x", {"error": {"code": "NO_STOCK"}}, ref="1")

    assert (instance.state, instance.snapshot.data) == ("failed", {"code": "NO_STOCK"})


def test_messages_and_starts_stay_pending_and_their_reports_are_only_noted() -> None:
    actions = [
        Send(event="hold", process="order", number=cel("data.order"), data={"why": const("ncr")}),
        Start(id="s", process="capa", data={"from": cel("number")}),
    ]
    instance = Instance(program(state("a", to("b", event="*"), entry=actions), state("b")), data={"order": "O-1"})
    send, start = instance.effects("send", "start")
    assert (send["process"], send["number"], send["data"]) == ("order", "O-1", {"why": "ncr"})
    assert (start["process"], start["data"], start["def"]) == ("capa", {"from": "T-1"}, "s")

    instance.send("done.send", ref="1")
    instance.send("done.start", ref="2")
    assert (instance.state, instance.snapshot.pending) == ("a", {})


def test_effects_come_in_document_order() -> None:
    actions = [Emit(event="one"), Do(id="x", action="x", mode="sql"), Emit(event="two", data={"n": const(1)})]
    instance = Instance(program(state("a", entry=actions)))

    assert [effect.get("event", effect.get("def")) for effect in instance.last.effects] == ["one", "x", "two"]
    assert instance.last.effects[2] == {"kind": "emit", "state": "a", "event": "two", "data": {"n": 1}}


# --- compensation ---------------------------------------------------------------------------------------------


def test_compensation_takes_back_completed_actions_last_first() -> None:
    def booked(name: str) -> Do:
        undo = Compensation(action=f"{name}.undo", with_={"booking": cel("event.booking")})
        return Do(id=name, action=f"{name}.book", mode="activity", compensate=undo)

    a = state("a", to("undo", event="fail"), entry=[booked("rail"), booked("road"), booked("sea")])
    instance = Instance(program(a, state("undo", entry=[Compensate()])))
    instance.send("done.do.rail", {"booking": "R1"}, ref="1")
    instance.send("done.do.road", {"booking": "R2"}, ref="2")
    instance.send("fail")

    undone = [(effect["action"], effect["with"], effect["id"]) for effect in instance.effects("do")]
    assert undone == [("road.undo", {"booking": "R2"}, "4"), ("rail.undo", {"booking": "R1"}, "5")]
    assert (instance.snapshot.completed, list(instance.snapshot.pending)) == ([], ["3", "4", "5"])


def test_a_sql_action_can_be_taken_back_as_soon_as_it_is_committed() -> None:
    undo = Compensation(action="stock.release", mode="sql", with_={"lot": cel("data.lot")})
    hold = Do(id="hold", action="stock.hold", mode="sql", compensate=undo)
    a = state("a", to("undo", event="fail"), entry=[hold])
    instance = Instance(program(a, state("undo", entry=[Compensate()])), data={"lot": "L1"})
    instance.send("fail")

    (effect,) = instance.effects("do")
    assert (effect["action"], effect["mode"], effect["with"]) == ("stock.release", "sql", {"lot": "L1"})
    assert instance.snapshot.pending == {}


# --- set, if, for each ----------------------------------------------------------------------------------------


def test_set_assigns_in_order_and_makes_maps_on_the_way() -> None:
    actions = [assign(a__b__c=1), assign(n=cel("data.a.b.c + 1")), assign(a__x=cel("data.n"))]
    instance = Instance(program(state("s", to(event="go", do=actions))))
    instance.send("go")

    assert instance.snapshot.data == {"a": {"b": {"c": 1}, "x": 2}, "n": 2}


def test_set_refuses_to_put_a_member_into_what_is_no_map() -> None:
    instance = Instance(program(state("s", to(event="go", do=[assign(n__x=1)]))), data={"n": 5})
    with pytest.raises(ExpressionFailed):
        instance.send("go")


@pytest.mark.parametrize(("n", "expected"), [(1, ["small"]), (5, ["middle"]), (9, ["large"])])
def test_if_runs_the_first_branch_that_holds(n: int, expected: list[str]) -> None:
    choice = If(
        branches=(
            Branch(when="data.n < 3", actions=(note("small"),)),
            Branch(when="data.n < 7", actions=(note("middle"),)),
        ),
        otherwise=(note("large"),),
    )
    instance = Instance(program(state("s", to(event="go", do=[choice]))), data={"n": n})
    instance.send("go")

    assert instance.trace == expected


def test_for_each_binds_item_and_index_only_inside() -> None:
    inner = ForEach(of="item.parts", item="part", actions=(Emit(event="part", data={"p": cel("part + item.name")}),))
    loop = ForEach(of="data.items", item="item", index="i", actions=(assign(last=cel("i")), inner))
    items = [{"name": "x", "parts": ["1", "2"]}, {"name": "y", "parts": ["3"]}]
    instance = Instance(
        program(state("s", to(event="go", do=[loop, assign(n=cel("size(data.items)"))]))), data={"items": items}
    )
    instance.send("go")

    assert [effect["data"]["p"] for effect in instance.effects("emit")] == ["1x", "2x", "3y"]
    assert (instance.snapshot.data["last"], instance.snapshot.data["n"]) == (1, 2)


def test_for_each_over_what_is_no_list_fails() -> None:
    loop = ForEach(of="data.n", item="item", actions=())
    instance = Instance(program(state("s", to(event="go", do=[loop]))), data={"n": 5})
    with pytest.raises(ExpressionFailed):
        instance.send("go")


# --- data -----------------------------------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer", "maximum": 9}, "price": {"type": "number"}},
    "required": ["n"],
}


def test_start_data_lie_over_initial_values_and_numbers_get_their_type() -> None:
    instance = Instance(program(state("a"), data={"n": 1, "price": 2.5}, data_schema=SCHEMA), data={"price": 3})

    assert instance.snapshot.data == {"n": 1, "price": 3.0}
    assert isinstance(instance.snapshot.data["price"], float)


def test_start_data_that_break_the_schema_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        Instance(program(state("a"), data_schema=SCHEMA), data={"n": "many"})

    assert (refused.value.code, refused.value.violations[0]["field"]) == ("DATA_INVALID", "n")


def test_a_step_that_would_break_the_schema_is_refused() -> None:
    instance = Instance(
        program(state("a", to(event="add", do=[assign(n=cel("data.n + 5"))])), data={"n": 1}, data_schema=SCHEMA)
    )
    instance.send("add")
    with pytest.raises(InvalidInput) as refused:
        instance.send("add")

    assert refused.value.code == "DATA_INVALID"
    assert instance.snapshot.data == {"n": 6}


def test_a_payload_gets_the_number_types_of_the_form() -> None:
    form = {"type": "object", "properties": {"price": {"type": "number"}}}
    a = state("a", offer("pay", form=form, when="event.price > 1.5", do=[assign(paid=cel("event.price * 2.0"))]))
    instance = Instance(program(a))
    instance.send("pay", {"price": 2}, actor=ANNA)

    assert instance.snapshot.data == {"paid": 4.0}


def test_the_start_is_known_to_the_first_actions() -> None:
    a = state("a", entry=[assign(by=cel("actor.username"), at=cel("string(now)"), n=cel("number"), x=cel("event.x"))])
    instance = Instance(program(a), data={"x": 1}, actor=ANNA)

    assert instance.snapshot.data == {"x": 1, "by": "anna", "at": AT, "n": "T-1"}
    assert (instance.snapshot.creator, instance.snapshot.entered) == ("anna", {"a": AT})


def test_the_result_of_an_instance_is_that_of_its_final() -> None:
    end = final("end", result={"total": cel("data.n + 1")})
    instance = Instance(program(state("a", to("end", event="go")), end, data={"n": 1}))
    instance.send("go")

    assert instance.snapshot.result == {"total": 2}
