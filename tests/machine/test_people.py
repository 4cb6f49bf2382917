"""People on real servers: claiming, voting, signing, in the place of others, with what SQL keeps of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.machine.conftest import Plant
from workflows.domain.errors import Conflict, NotAllowed, UnknownTransition
from workflows.engine.events import Actor, Principal

BOARD = """
process: board
version: "1.0.0"
title: Board
start: {by: [role:inspector]}
states:
  review:
    task: {title: Review, candidates: [role:qc_manager], skills: [welding], due: P1D}
    transitions:
      approve: {to: board, not_by: [creator], sign: {meaning: approved}}
  board:
    task:
      title: Decide
      candidates: [role:engineer, role:qc_manager]
      due: P1D
      quorum: {codes: {accept: 2, refuse: 2}, of: 3, otherwise: refuse}
    transitions:
      accept: {to: accepted, not_by: [review.approve]}
      refuse: {to: refused}
  accepted: {final: true}
  refused: {final: true}
"""


def person(number: int, username: str, *roles: str, **more: Any) -> Actor:
    return Actor(number, username, username.capitalize(), roles, skills={"welding": None}, **more)


INA = person(1, "ina", "inspector", "qc_manager")
QUIN = person(2, "quin", "qc_manager")
EVE = person(3, "eve", "engineer")
ELI = person(4, "eli", "engineer")
SIGNATURE = {
    "meaning": "approved",
    "username": "quin",
    "printed_name": "Quin",
    "at": "2026-03-02T08:00:00Z",
    "method": "password",
    "content_hash": "0" * 64,
}


@pytest.fixture
async def board(plant: Plant) -> tuple[Plant, int]:
    await plant.publish(BOARD)
    started = await plant.instances.start(plant.tenant, "board", {}, actor=INA)
    return plant, started.id


async def act(board: tuple[Plant, int], code: str, actor: Actor, **more: Any) -> Any:
    plant, number = board
    return await plant.instances.transition(plant.tenant, "board", number, code, {}, actor=actor, **more)


async def test_a_task_is_claimed_and_the_claim_stands_in_the_log(board: tuple[Plant, int]) -> None:
    plant, number = board
    outcome = await plant.instances.task(plant.tenant, "board", number, "claim", "1", actor=QUIN, command_id="c1")
    again = await plant.instances.task(plant.tenant, "board", number, "claim", "1", actor=QUIN, command_id="c1")

    assert (outcome.seq, again.repeated) == (2, True)
    assert (await plant.row("board", number)).assignee == "quin"
    assert [step.event for step in await plant.steps("board", number)] == ["start", "claim"]
    with pytest.raises(Conflict) as refused:
        await plant.instances.task(plant.tenant, "board", number, "claim", "1", actor=person(9, "quo", "qc_manager"))
    assert refused.value.code == "ALREADY_CLAIMED"


async def test_what_is_kept_apart_or_not_signed_is_refused_without_a_trace(board: tuple[Plant, int]) -> None:
    plant, number = board
    delegate = person(5, "dan", acts_for=(Principal("ina", "Ina", ("qc_manager",)),))
    codes = []
    for actor in (INA, delegate, QUIN):
        with pytest.raises(NotAllowed) as refused:
            await act(board, "approve", actor)
        codes.append(refused.value.code)

    assert codes == ["SEPARATION_OF_DUTIES", "SEPARATION_OF_DUTIES", "SIGNATURE_REQUIRED"]
    assert len(await plant.steps("board", number)) == 1


async def test_two_people_decide_and_a_delegate_is_logged_with_both_names(board: tuple[Plant, int]) -> None:
    plant, number = board
    await act(board, "approve", QUIN, signature=SIGNATURE, claim=True)
    with pytest.raises(NotAllowed):
        await act(board, "accept", QUIN)
    first = await act(board, "accept", EVE)
    with pytest.raises(UnknownTransition) as refused:
        await act(board, "accept", EVE)
    delegate = person(5, "dan", acts_for=(Principal("eli", "Eli", ("engineer",)),))
    second = await act(board, "accept", delegate)

    assert refused.value.code == "ALREADY_VOTED"
    assert (first.state, first.taken) == (["board"], [])
    assert (second.state, second.on_behalf_of) == (["accepted"], {"username": "eli", "name": "Eli"})
    last = (await plant.steps("board", number))[-1]
    assert (last.username, last.actor["on_behalf_of"]["username"]) == ("dan", "eli")
    assert "acts_for" not in last.actor


async def test_why_it_waits_is_read_without_asking_the_instance(board: tuple[Plant, int]) -> None:
    plant, number = board
    (entry,) = await plant.instances.waiting(plant.tenant, "board", number, QUIN)

    assert (entry["state"], entry["waits_for"]) == ("review", ["QC Manager to complete 'Review'"])
    assert entry["you_can"] == ["approve"]
