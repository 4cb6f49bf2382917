"""Separation of duties and delegation: nobody approves his own work, by whatever detour."""

from __future__ import annotations

import json

import pytest

from tests.definition.catalogues import CATALOGUE
from tests.engine.people import Plant, person, stands_in_for
from workflows.definition.compile import compile_text
from workflows.domain.errors import NotAllowed
from workflows.engine.events import Actor, Principal
from workflows.engine.snapshot import Snapshot

NCR = """
process: ncr
version: "1.0.0"
title: NCR
start: {by: [role:inspector, role:qc_manager]}
states:
  review:
    task: {title: Review, candidates: [role:qc_manager, role:admin], due: P1D}
    transitions:
      approve: {to: verification, not_by: [creator]}
      reject: {to: closed}
  verification:
    transitions:
      verify: {to: closed, by: [role:qc_manager], not_by: [review.approve]}
  closed: {final: true}
"""

ANNA = person("anna", "qc_manager", "inspector")
OMAR = person("omar", "qc_manager")
BOB = person("bob", "operator")


def submitted(by: Actor = ANNA) -> Plant:
    return Plant(NCR, by)


def test_the_creator_does_not_approve() -> None:
    found = submitted().verdict("approve", ANNA)

    assert (found.status, found.error) == (403, "SEPARATION_OF_DUTIES")
    assert found.reason == "You took part as creator: another person has to do this"
    assert found.details == {"rule": "creator", "username": "anna"}
    with pytest.raises(NotAllowed, match="another person"):
        found.demand()


def test_the_creator_may_do_what_is_not_kept_apart() -> None:
    assert submitted().refused("reject", ANNA) is None


def test_another_person_approves() -> None:
    ncr = submitted()
    ncr.act("approve", OMAR)

    assert ncr.state == "verification"


def test_the_creator_does_not_approve_in_the_place_of_a_colleague() -> None:
    creator = person("eve", "inspector", acts_for=(stands_in_for(OMAR),))

    assert submitted(creator).refused("approve", creator) == "SEPARATION_OF_DUTIES"


def test_nobody_approves_in_the_place_of_the_creator() -> None:
    delegate = person("bob", acts_for=(stands_in_for(ANNA),))
    found = submitted().verdict("approve", delegate)

    assert (found.error, found.details["username"]) == ("SEPARATION_OF_DUTIES", "anna")


def test_who_has_a_report_made_by_a_delegate_does_not_approve_it() -> None:
    delegate = person("bob", acts_for=(stands_in_for(ANNA),))
    ncr = submitted(delegate)

    assert ncr.instance.snapshot.doers == {"start": ["bob", "anna"]}
    assert ncr.refused("approve", ANNA) == "SEPARATION_OF_DUTIES"


def test_the_key_of_the_creator_does_not_approve() -> None:
    key = Actor(9, "key:erp", "ERP", ("qc_manager",), kind="api_key", owner="anna")

    assert submitted().refused("approve", key) == "SEPARATION_OF_DUTIES"


def test_what_a_key_reported_its_owner_does_not_approve() -> None:
    key = Actor(9, "key:erp", "ERP", ("inspector",), kind="api_key", owner="omar")

    assert submitted(key).refused("approve", OMAR) == "SEPARATION_OF_DUTIES"


def test_the_admin_is_no_exception() -> None:
    admin = person("root", "admin", "inspector")

    assert submitted(admin).refused("approve", admin) == "SEPARATION_OF_DUTIES"


def test_earlier_acts_count() -> None:
    ncr = submitted()
    ncr.act("approve", OMAR)
    found = ncr.verdict("verify", OMAR)

    assert found.error == "SEPARATION_OF_DUTIES"
    assert found.reason == "You did 'Approve' in Review: another person has to do this"
    assert ncr.refused("verify", ANNA) is None


def test_earlier_acts_of_a_delegate_count_for_both() -> None:
    ncr = submitted()
    delegate = person("bob", acts_for=(stands_in_for(OMAR),))
    taken = ncr.act("approve", delegate)

    assert taken.on_behalf_of == {"username": "omar", "name": "Omar"}
    assert ncr.refused("verify", OMAR) == "SEPARATION_OF_DUTIES"
    assert ncr.refused("verify", person("bob", "qc_manager")) == "SEPARATION_OF_DUTIES"


def test_own_rights_come_before_those_of_others() -> None:
    ncr = submitted()
    other = person("paul", "qc_manager")

    assert ncr.act("approve", person("omar", "qc_manager", acts_for=(stands_in_for(other),))).on_behalf_of is None


def test_a_colleague_stands_in_where_the_actor_himself_is_kept_apart_only_if_he_is_not_the_one() -> None:
    """Standing in for somebody else does not help: the actor has acted all the same."""
    actor = person("anna", "qc_manager", acts_for=(stands_in_for(OMAR),))

    assert submitted().refused("approve", actor) == "SEPARATION_OF_DUTIES"


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        (Principal("omar", "Omar", ("qc_manager",)), True),
        (Principal("omar", "Omar", ("qc_manager",), until="2026-03-02T08:00:01Z"), True),
        (Principal("omar", "Omar", ("qc_manager",), until="2026-03-02T08:00:00Z"), False),
        (Principal("omar", "Omar", ("qc_manager",), process="ncr"), True),
        (Principal("omar", "Omar", ("qc_manager",), process="order"), False),
        (Principal("omar", "Omar", ("operator",)), False),
    ],
)
def test_a_delegation_holds_within_its_dates_and_scope(principal: Principal, allowed: bool) -> None:
    delegate = person("bob", acts_for=(principal,))

    assert (submitted().refused("approve", delegate) is None) == allowed


def test_delegation_goes_one_level_and_no_circle_is_followed() -> None:
    """Anna acts for Bob, Bob for Anna: each has the rights of the other, and nothing goes round."""
    one = person("one", acts_for=(Principal("two", "Two", ("operator",)), Principal("one", "One", ("qc_manager",))))

    assert submitted().refused("approve", one) == "FORBIDDEN"


def test_an_old_snapshot_is_read() -> None:
    raw = json.loads(json.dumps(submitted().instance.snapshot.to_json()))
    for name in ("doers", "signatures", "paused"):
        del raw[name]

    assert Snapshot.from_json(raw).doers == {}


def test_not_by_of_a_transition_that_does_not_exist_is_refused() -> None:
    text = NCR.replace("review.approve", "review.aprove")
    found = compile_text(text, filename="x.yaml", catalogue=CATALOGUE).diagnostics

    assert [item.code for item in found if item.severity == "error"] == ["J801"]
