"""Signatures as verdicts: the right person, the right meaning, two people over one content."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.people import Plant, person, stands_in_for
from workflows.domain.errors import NotAllowed
from workflows.engine.events import Actor

RELEASE = """
process: release
version: "1.0.0"
title: Release
start: {by: [role:engineer]}
states:
  draft:
    task: {title: Release, candidates: [role:quality_manager, role:engineer], due: P1D}
    transitions:
      approve: {to: approved, sign: {meaning: approved}, require: [comment]}
      back: {by: [role:engineer]}
  approved:
    transitions:
      release: {by: [role:quality_manager, role:engineer], to: out, sign: {meaning: released, level: S3}}
      again: {by: [role:engineer], to: draft}
  out: {final: true}
"""
ANN = person("ann", "engineer")
BEN = person("ben", "quality_manager")
CAM = person("cam", "quality_manager")


def signature(actor: Actor, meaning: str = "approved", content: str = "abc") -> dict[str, Any]:
    return {
        "meaning": meaning,
        "username": actor.username,
        "printed_name": actor.name,
        "at": "2026-03-02T08:00:00Z",
        "method": "password",
        "content_hash": content,
    }


def drafted() -> Plant:
    return Plant(RELEASE, ANN)


def approved() -> Plant:
    plant = drafted()
    plant.act("approve", BEN, data={"comment": "fine"}, signature=signature(BEN))
    return plant


def signed(plant: Plant, actor: Actor, content: str = "abc") -> str | None:
    given = signature(actor, "released", content)
    error = plant.refused("release", actor, signature=given)
    if error is None:
        plant.act("release", actor, signature=given)
    return error


def test_without_a_signature_it_is_refused_and_told_which() -> None:
    found = drafted().verdict("approve", BEN, data={"comment": "fine"})

    assert (found.status, found.error) == (403, "SIGNATURE_REQUIRED")
    assert found.details == found.sign == {"meaning": "approved", "level": "S2"}
    with pytest.raises(NotAllowed, match="signed by a person, as approved"):
        found.demand()


def test_nobody_is_asked_to_sign_what_would_be_refused() -> None:
    assert drafted().refused("approve", BEN) == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("given", "error"),
    [(signature(BEN, "reviewed"), "SIGNATURE_MEANING"), (signature(CAM), "SIGNATURE_NOT_YOURS")],
)
def test_another_signature_does_not_do(given: dict[str, Any], error: str) -> None:
    assert drafted().refused("approve", BEN, data={"comment": "fine"}, signature=given) == error


def test_a_key_does_not_sign() -> None:
    key = Actor(1, "key", "Key", ("quality_manager",), kind="api_key")

    assert drafted().refused("approve", key, data={"comment": "x"}, signature=signature(key)) == "SIGNATURE_REQUIRED"


def test_the_signature_goes_with_the_step() -> None:
    plant = drafted()
    step = plant.act("approve", BEN, data={"comment": "fine"}, signature=signature(BEN))

    assert plant.state == "approved"
    assert step.effects[0] == {
        "kind": "sign",
        "state": "draft",
        "task": "1",
        "code": "approve",
        "meaning": "approved",
        "level": "S2",
        "position": 1,
        "complete": True,
        "voids": False,
        "signature": signature(BEN),
        "on_behalf_of": None,
    }


# --- two people ----------------------------------------------------------------------------------------------


def test_it_takes_two_people() -> None:
    plant = approved()
    assert signed(plant, BEN) is None
    assert plant.state == "approved"
    assert signed(plant, CAM) is None
    assert plant.state == "out"

    (sign,) = plant.instance.effects("sign")
    assert (sign["position"], sign["complete"]) == (2, True)
    assert plant.instance.snapshot.signatures == {}


def test_one_person_is_not_two() -> None:
    plant = approved()
    signed(plant, BEN)

    assert signed(plant, BEN) == "ALREADY_SIGNED"
    assert plant.verdict("release", BEN, signature=signature(BEN, "released")).status == 409
    delegate = person("dan", acts_for=(stands_in_for(BEN),))
    assert signed(plant, delegate) == "ALREADY_SIGNED"


def test_the_creator_is_none_of_them() -> None:
    assert signed(approved(), ANN) == "SEPARATION_OF_DUTIES"
    assert signed(approved(), person("dan", acts_for=(stands_in_for(ANN),))) == "SEPARATION_OF_DUTIES"


def test_a_change_of_the_content_makes_the_first_void() -> None:
    plant = approved()
    signed(plant, BEN)
    assert signed(plant, CAM, content="changed") is None

    (sign,) = plant.instance.effects("sign")
    assert (plant.state, sign["complete"], sign["voids"]) == ("approved", False, True)
    assert signed(plant, BEN, content="changed") is None
    assert plant.state == "out"


def test_leaving_the_state_makes_the_first_void() -> None:
    plant = approved()
    signed(plant, BEN)
    plant.act("again", ANN)

    assert plant.instance.snapshot.signatures == {}
