"""Who may take what, when, and what the others are told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.charts import AT, Instance, cel, const, final, offer, program, regions, state, to
from workflows.definition.program import Assign, Fact, Task, Text
from workflows.domain.errors import (
    ExpressionFailed,
    InstanceEnded,
    InvalidInput,
    NotAllowed,
    RuleRefused,
    UnknownTransition,
)
from workflows.engine.events import SYSTEM, Actor, Event, Verdict
from workflows.engine.permissions import in_words
from workflows.engine.verdicts import available, judge

ANNA = Actor(1, "anna", "Anna", ("qc_manager",))
BOB = Actor(2, "bob", "Bob", ("operator",), ("night_shift",))


def review(**more: Any) -> Task:
    return Task(title=Text(parts=("Review",)), candidates=("role:qc_manager",), **more)


def verdict(instance: Instance, code: str, actor: Actor = ANNA, **data: Any) -> Verdict:
    return judge(instance.chart, instance.snapshot, Event(code, data, AT, actor))


def one(*transitions: dict[str, Any], data: dict[str, Any] | None = None, **more: Any) -> Instance:
    """An instance in a state with these transitions, and states b and c."""
    return Instance(program(state("a", *transitions, **more), state("b"), state("c")), data=data, actor=BOB)


# --- 409 --------------------------------------------------------------------------------------------------------


def test_an_unknown_event_is_told_what_is_available() -> None:
    found = verdict(one(offer("approve", "b"), offer("reject", "c")), "ship")

    assert (found.status, found.error) == (409, "TRANSITION_NOT_AVAILABLE")
    assert found.reason == "'ship' is not available in a; available: approve, reject"
    with pytest.raises(UnknownTransition):
        found.demand()


def test_an_ended_instance_takes_nothing() -> None:
    instance = Instance(program(state("a", offer("go", "end")), final("end")))
    instance.send("go")
    found = verdict(instance, "go")

    assert (found.status, found.error, found.reason) == (409, "INSTANCE_ENDED", "The process has ended")
    with pytest.raises(InstanceEnded):
        found.demand()


def test_people_cannot_send_what_only_the_engine_takes() -> None:
    """A timer's event is no transition of theirs, even if they know its name."""
    assert verdict(one(to("b", event="after.a.0")), "after.a.0").status == 409
    assert verdict(one(to("b", event="after.a.0", by=("anyone",))), "after.a.0").status == 409


# --- 403 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "actor", "allowed"),
    [
        ("role:qc_manager", ANNA, True),
        ("role:qc_manager", BOB, False),
        ("group:night_shift", BOB, True),
        ("group:night_shift", ANNA, False),
        ("user:anna", ANNA, True),
        ("user:anna", BOB, False),
        ("creator", BOB, True),
        ("creator", ANNA, False),
        ("anyone", BOB, True),
        ("system", ANNA, False),
        ("system", SYSTEM, True),
        ("role:qc_manager", SYSTEM, False),
        ("candidates", ANNA, False),
    ],
)
def test_each_word_admits_whom_it_says(word: str, actor: Actor, allowed: bool) -> None:
    """The last line: where no task is open, nobody is its candidate."""
    assert verdict(one(offer("go", "b", by=(word,))), "go", actor).allowed is allowed


def test_without_words_only_the_system_may() -> None:
    instance = one(offer("go", "b", by=()))

    assert verdict(instance, "go", SYSTEM).allowed
    assert verdict(instance, "go", ANNA).reason == "Only System may do this, not you"


def test_an_administrator_gets_no_free_pass() -> None:
    root = Actor(9, "root", "Root", ("admin",))

    assert verdict(one(offer("go", "b", by=("role:qc_manager",))), "go", root).status == 403


def test_the_candidates_may_until_the_task_is_somebodys() -> None:
    instance = one(
        offer("approve", "b", by=("candidates",)),
        to(event="claim", do=[Assign(state="a", to=const("user:carl"))]),
        task=review(),
    )
    assert verdict(instance, "approve", ANNA).allowed
    assert verdict(instance, "approve", BOB).reason == "This task is assigned to QC Manager, not you"

    instance.send("claim")
    assert verdict(instance, "approve", ANNA).reason == "This task is assigned to Carl, not you"
    assert verdict(instance, "approve", Actor(3, "carl", "Carl")).allowed


def test_the_assignee_of_the_task_around_may_act_in_inner_states() -> None:
    outer = state("a", state("a1", offer("go", "b", by=("assignee",))), task=review(assignee=const("anna")))
    instance = Instance(program(outer, state("b")))

    assert verdict(instance, "go", ANNA).allowed
    assert not verdict(instance, "go", BOB).allowed


def test_all_who_may_are_named() -> None:
    found = verdict(
        one(offer("go", "b", by=("role:qc_manager", "role:mrb_member", "creator"))), "go", Actor(3, "x", "X")
    )

    assert (found.status, found.error) == (403, "FORBIDDEN")
    assert found.reason == "Only QC Manager, MRB Member or the creator may do this, not you"
    with pytest.raises(NotAllowed):
        found.demand()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("qc_manager", "QC Manager"),
        ("plant_manager", "Plant Manager"),
        ("mrb-member", "MRB Member"),
        ("jane.doe", "Jane Doe"),
        ("CNC", "CNC"),
        ("McNeil", "McNeil"),
    ],
)
def test_names_are_shown_as_words(name: str, words: str) -> None:
    assert in_words(name) == words


# --- 400 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("comment", [None, "", "   "])
def test_required_input_must_not_be_empty(comment: str | None) -> None:
    found = verdict(one(offer("reject", "b", require=("comment",))), "reject", comment=comment)

    assert (found.status, found.error) == (400, "VALIDATION_ERROR")
    assert found.violations == [{"field": "comment", "value": comment, "constraint": "is required"}]
    with pytest.raises(InvalidInput):
        found.demand()


def test_the_payload_must_fit_the_form() -> None:
    form = {"type": "object", "properties": {"quantity": {"type": "integer", "minimum": 1}}, "required": ["lot"]}
    found = verdict(one(offer("hold", "b", form=form)), "hold", quantity=0)

    assert found.status == 400
    assert [item["field"] for item in found.violations] == ["", "quantity"]


def test_missing_input_is_named_before_a_guard_stumbles_over_it() -> None:
    instance = one(offer("hold", "b", require=("quantity",), when="event.quantity > 3"))

    assert verdict(instance, "hold").status == 400
    assert verdict(instance, "hold", quantity=2).status == 422
    assert verdict(instance, "hold", quantity=4).allowed


# --- 422 --------------------------------------------------------------------------------------------------------


def test_a_refusing_guard_gives_the_definitions_own_code() -> None:
    found = verdict(
        one(offer("ship", "b", when="data.passed", refusal="FAI_NOT_PASSED"), data={"passed": False}), "ship"
    )

    assert (found.status, found.error) == (422, "FAI_NOT_PASSED")
    with pytest.raises(RuleRefused) as refused:
        found.demand()
    assert refused.value.code == "FAI_NOT_PASSED"


def test_a_refusing_guard_without_a_code_has_a_default() -> None:
    assert verdict(one(offer("ship", "b", when="false")), "ship").error == "GUARD_REFUSED"


def test_a_guard_that_fails_is_not_a_refusal() -> None:
    with pytest.raises(ExpressionFailed):
        verdict(one(offer("ship", "b", when="data.missing")), "ship")


# --- alternatives -------------------------------------------------------------------------------------------------


def test_permission_counts_for_the_alternative_that_would_be_taken() -> None:
    """Anna may not take the first, whose guard holds; the second is hers, and it is what the step takes."""
    instance = one(
        offer("approve", "b", by=("role:operator",), when="data.n < 5"),
        offer("approve", "c", by=("role:qc_manager",)),
        data={"n": 1},
    )
    assert verdict(instance, "approve", ANNA).allowed
    instance.send("approve", actor=ANNA)
    assert instance.state == "c"


def test_nobody_passes_whose_own_alternative_refuses() -> None:
    instance = one(
        offer("approve", "b", by=("role:operator",), when="data.n < 5", refusal="TOO_MANY"),
        offer("approve", "c", by=("role:qc_manager",)),
        data={"n": 9},
    )
    assert (verdict(instance, "approve", BOB).status, verdict(instance, "approve", BOB).error) == (422, "TOO_MANY")


def test_the_input_that_counts_is_that_of_the_alternative_that_holds() -> None:
    instance = one(
        offer("approve", "b", when="data.critical", require=("comment",)),
        offer("approve", "c"),
        data={"critical": True},
    )
    assert verdict(instance, "approve").status == 400
    instance.snapshot.data["critical"] = False
    assert verdict(instance, "approve").allowed


def test_a_judgement_is_what_the_step_does() -> None:
    """A user whom no alternative admits takes nothing, even when nobody judged beforehand."""
    instance = one(offer("go", "b", by=("role:qc_manager",)))

    assert instance.send("go", actor=BOB).taken == []
    assert instance.send("go", actor=ANNA).taken == ["a/0"]


# --- what is available --------------------------------------------------------------------------------------------


def listed(instance: Instance, actor: Actor) -> list[tuple[str, bool, int]]:
    found = available(instance.chart, instance.snapshot, actor, AT, {})
    return [(item.code, item.allowed, item.status) for item in found]


def test_every_code_of_the_active_states_is_listed_once_in_document_order() -> None:
    p = regions(
        "p",
        state("r1", offer("inspect"), offer("hold", by=("role:qc_manager",))),
        state("r2", offer("hold"), to(event="after.r2.0")),
        offer("cancel"),
    )
    instance = Instance(program(p))

    assert listed(instance, BOB) == [("cancel", True, 200), ("inspect", True, 200), ("hold", True, 200)]


def test_a_guard_on_the_payload_counts_as_open() -> None:
    instance = one(
        offer("hold", "b", when="event.quantity > 3", require=("quantity",)), offer("ship", "c", when="false")
    )
    found = available(instance.chart, instance.snapshot, ANNA, AT, {})

    assert [(item.code, item.allowed) for item in found] == [("hold", True), ("ship", False)]
    assert found[0].require == ("quantity",)


def test_a_text_that_mentions_the_payload_is_no_guard_on_it() -> None:
    assert listed(one(offer("ship", "b", when="data.kind == 'event.x'"), data={"kind": "y"}), ANNA) == [
        ("ship", False, 422)
    ]


def test_a_guard_that_fails_is_listed_with_its_reason() -> None:
    instance = one(offer("go", "b", when="data.nope"))
    (found,) = available(instance.chart, instance.snapshot, ANNA, AT, {})

    assert (found.allowed, found.status, found.error) == (False, 422, "EXPRESSION_FAILED")


def test_facts_are_given_not_asked() -> None:
    a = state("a", offer("ship", "b", when="facts.holds == 0"))
    instance = Instance(
        program(a, state("b"), facts={"holds": Fact(call="holds.open", **{"with": {"lot": cel("number")}})})
    )

    for holds, allowed in ((0, True), (2, False)):
        (found,) = available(instance.chart, instance.snapshot, ANNA, AT, {"holds": holds})
        assert found.allowed is allowed


def test_an_ended_instance_offers_nothing() -> None:
    instance = Instance(program(state("a", offer("go", "end")), final("end")))
    instance.send("go")

    assert listed(instance, ANNA) == []
