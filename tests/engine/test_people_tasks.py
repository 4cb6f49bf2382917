"""Claiming, releasing and reassigning tasks; certificates at claim and at completion."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.people import Plant, person, stands_in_for
from workflows.domain.errors import Conflict, InstanceEnded, InvalidInput, NotAllowed, NotFound
from workflows.engine.events import Actor

WELDING = """
process: weld
version: "1.0.0"
title: Weld
start: {by: [role:planner, role:technician]}
states:
  welding:
    task: {title: Weld, candidates: [role:technician], skills: [welding], not_by: [creator],
      reassign_by: [role:supervisor], due: P1D}
    transitions:
      weld: {to: done}
      hand_in: {by: [assignee], to: done}
      stop: {by: [role:supervisor], to: done}
  done: {final: true}
"""
LATER = "2026-03-02T12:00:00Z"
VALID = {"welding": "2026-03-02T10:00:00Z"}

PAT = person("pat", "planner")
TIM = person("tim", "technician", skills=VALID)
TOM = person("tom", "technician", skills={"welding": None})
SUE = person("sue", "supervisor")


def welding() -> Plant:
    return Plant(WELDING, PAT)


def claimed(by: Actor = TIM) -> Plant:
    plant = welding()
    plant.command("claim", by)
    return plant


def test_a_candidate_claims() -> None:
    plant = welding()
    step = plant.command("claim", TIM)

    assert plant.task["assignee"] == "tim"
    assert step.effects == [{"kind": "task_assign", "state": "welding", "task": "1", "to": "user:tim"}]
    assert step.taken == []


def test_what_somebody_has_nobody_else_claims_or_completes() -> None:
    plant = claimed()

    with pytest.raises(Conflict, match="Tim has this task") as refused:
        plant.command("claim", TOM)
    assert (refused.value.code, refused.value.details) == ("ALREADY_CLAIMED", {"assignee": "tim"})
    assert plant.refused("weld", TOM) == "FORBIDDEN"
    assert plant.refused("weld", TIM) is None


def test_claiming_twice_changes_nothing() -> None:
    plant = claimed()

    assert plant.command("claim", TIM).effects == []


def test_only_candidates_claim() -> None:
    with pytest.raises(NotAllowed, match="Only Technician may do this"):
        welding().command("claim", SUE)


def test_released_it_goes_back_to_all_candidates() -> None:
    plant = claimed()
    plant.command("release", TIM)

    assert plant.task["assignee"] is None
    assert plant.refused("weld", TOM) is None
    with pytest.raises(Conflict, match="Nobody has"):
        plant.command("release", TIM)


def test_only_the_assignee_and_those_named_give_it_away() -> None:
    plant = claimed()

    with pytest.raises(NotAllowed, match="Only Tim or Supervisor"):
        plant.command("release", TOM)
    plant.command("reassign", SUE, to="user:tom")
    assert plant.task["assignee"] == "tom"


def test_reassigned_to_a_role_it_is_for_that_role_alone() -> None:
    plant = claimed()
    plant.command("reassign", TIM, to="role:engineer")

    assert (plant.task["assignee"], plant.task["candidates"]) == (None, ["role:engineer"])


@pytest.mark.parametrize("to", [None, "", "tom", "role:", "user:a b", 7])
def test_it_is_reassigned_to_somebody_that_could_be_meant(to: Any) -> None:
    with pytest.raises(InvalidInput):
        claimed().command("reassign", TIM, to=to)


def test_it_is_not_given_to_somebody_who_is_kept_apart_from_it() -> None:
    with pytest.raises(NotAllowed) as refused:
        claimed().command("reassign", SUE, to="user:pat")
    assert refused.value.code == "SEPARATION_OF_DUTIES"


def test_somebody_who_is_kept_apart_claims_nothing() -> None:
    plant = Plant(WELDING, TIM)

    with pytest.raises(NotAllowed) as refused:
        plant.command("claim", TIM)
    assert refused.value.code == "SEPARATION_OF_DUTIES"


def test_unknown_tasks_and_commands_are_told() -> None:
    plant = welding()

    with pytest.raises(NotFound, match="no open task"):
        plant.command("claim", TIM, task="9")
    with pytest.raises(NotFound, match="no task command"):
        plant.command("eat", TIM)


def test_an_ended_instance_has_no_tasks() -> None:
    plant = welding()
    plant.act("weld", TIM)

    with pytest.raises(InstanceEnded):
        plant.command("claim", TIM, task="1")


# --- claim and complete in one act ---------------------------------------------------------------------------


def test_claiming_and_completing_is_one_step() -> None:
    plant = welding()
    assert plant.refused("hand_in", TIM) == "FORBIDDEN"
    step = plant.act("hand_in", TIM, claim=True)

    assert [effect["kind"] for effect in step.effects] == ["task_assign", "task_close", "done"]
    assert plant.state == "done"


def test_claiming_and_completing_what_somebody_has_is_refused() -> None:
    found = claimed().verdict("hand_in", TOM, claim=True)

    assert (found.status, found.error) == (409, "ALREADY_CLAIMED")


# --- certificates ---------------------------------------------------------------------------------------------


def test_without_the_certificate_nobody_claims_or_completes() -> None:
    novice = person("ned", "technician")

    with pytest.raises(NotAllowed) as refused:
        welding().command("claim", novice)
    assert (refused.value.code, refused.value.details["skill"]) == ("SKILL_MISSING", "welding")
    assert welding().refused("weld", novice) == "SKILL_MISSING"


def test_a_certificate_that_expires_between_claim_and_completion_counts_no_more() -> None:
    plant = claimed()
    assert plant.refused("weld", TIM) is None
    found = plant.verdict("weld", TIM, at=LATER)

    assert (found.status, found.error) == (403, "CERTIFICATE_EXPIRED")
    assert found.details == {"skill": "welding", "valid_until": VALID["welding"]}


def test_whoever_may_by_another_word_needs_no_certificate() -> None:
    assert welding().refused("stop", SUE) is None


def test_a_certificate_is_not_handed_over() -> None:
    delegate = person("dan", acts_for=(stands_in_for(TOM),))

    with pytest.raises(NotAllowed) as refused:
        welding().command("claim", delegate)
    assert refused.value.code == "SKILL_MISSING"


# --- in the place of others -----------------------------------------------------------------------------------


def delegate(until: str | None = None) -> Actor:
    return person("dan", skills={"welding": None}, acts_for=(stands_in_for(TIM, until=until),))


def test_a_delegate_claims_and_completes_in_the_place_of_another() -> None:
    plant = welding()
    step = plant.command("claim", delegate())

    assert step.on_behalf_of == {"username": "tim", "name": "Tim"}
    assert (plant.task["assignee"], plant.task["claimed_for"]) == ("dan", "tim")
    assert plant.act("weld", delegate()).on_behalf_of == {"username": "tim", "name": "Tim"}


def test_a_delegation_that_ends_after_the_claim_ends_it() -> None:
    plant = claimed(delegate(until="2026-03-02T10:00:00Z"))

    assert plant.refused("weld", delegate(until="2026-03-02T10:00:00Z")) is None
    assert plant.refused("weld", delegate(until="2026-03-02T10:00:00Z"), at=LATER) == "FORBIDDEN"


def test_a_substitute_completes_what_the_absent_has_claimed() -> None:
    plant = claimed(TIM)

    assert plant.act("weld", delegate()).on_behalf_of == {"username": "tim", "name": "Tim"}
