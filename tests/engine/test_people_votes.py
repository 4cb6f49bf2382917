"""Quorum: one vote each, decided as early as it is certain, and never otherwise than counting to the end."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.definition.catalogues import CATALOGUE
from tests.engine.people import Plant, person, stands_in_for
from workflows.definition.compile import compile_text
from workflows.definition.program import Quorum, Veto
from workflows.domain.errors import Conflict, UnknownTransition
from workflows.engine.events import Event
from workflows.engine.step import step
from workflows.engine.votes import Vote, decision

BOARD = """
process: mrb
version: "1.0.0"
title: MRB
start: {by: [role:inspector]}
states:
  board:
    task:
      title: Decide
      candidates: [role:quality_manager, role:engineer, role:plant_manager]
      due: P1D
      quorum:
        codes: {use_as_is: 2, rework: 2}
        of: 3
        required: {use_as_is: [role:quality_manager]}
        veto: {by: role:plant_manager, code: rework}
        otherwise: rework
    transitions:
      use_as_is: {to: released, not_by: [creator]}
      rework: {to: reworked, require: [comment]}
      ask: {by: [candidates]}
  released: {final: true}
  reworked: {final: true}
"""
INA = person("ina", "inspector")
QUIN = person("quin", "quality_manager")
EVE = person("eve", "engineer")
ELI = person("eli", "engineer")
PAM = person("pam", "plant_manager")
WHY: dict[str, Any] = {"data": {"comment": "porous"}}


def board() -> Plant:
    return Plant(BOARD, INA)


def test_a_vote_takes_nothing_while_the_result_is_open() -> None:
    plant = board()
    taken = plant.act("use_as_is", EVE, data={"comment": "fine"})

    assert (taken.taken, plant.state) == ([], "board")
    assert taken.effects == [
        {
            "kind": "vote",
            "state": "board",
            "task": "1",
            "code": "use_as_is",
            "username": "eve",
            "on_behalf_of": None,
            "decided": None,
        }
    ]
    assert plant.task["votes"]["eve"]["comment"] == "fine"


def test_enough_votes_with_those_required_win() -> None:
    plant = board()
    plant.act("use_as_is", EVE)
    taken = plant.act("use_as_is", QUIN)

    assert (taken.taken, plant.state) == (["board/0"], "released")
    assert taken.effects[0]["decided"] == "use_as_is"


def test_enough_votes_without_those_required_do_not() -> None:
    plant = board()
    plant.act("use_as_is", EVE)
    plant.act("use_as_is", ELI)
    assert plant.state == "board"

    plant.act("use_as_is", QUIN)
    assert plant.state == "released"


def test_when_nothing_can_win_any_more_the_other_way_is_taken() -> None:
    """Two of three for use as it is, none of them the quality manager; the third vote is against."""
    plant = board()
    plant.act("use_as_is", EVE)
    plant.act("use_as_is", ELI)
    taken = plant.act("rework", QUIN, **WHY)

    assert (taken.taken, plant.state) == (["board/1"], "reworked")


def test_a_veto_decides_at_once() -> None:
    plant = board()
    plant.act("use_as_is", QUIN)
    taken = plant.act("rework", PAM, **WHY)

    assert (taken.effects[0]["decided"], plant.state) == ("rework", "reworked")


def test_a_veto_after_the_decision_comes_too_late() -> None:
    plant = board()
    plant.act("use_as_is", EVE)
    plant.act("use_as_is", QUIN)

    assert plant.refused("rework", PAM, **WHY) == "INSTANCE_ENDED"


def test_a_veto_after_a_decision_that_left_the_task_open_comes_too_late() -> None:
    stays = BOARD.replace("use_as_is: {to: released, not_by: [creator]}", "use_as_is: {}")
    plant = Plant(stays.replace("ask: {by", "ask: {to: released, by"), INA)
    plant.act("use_as_is", EVE)
    plant.act("use_as_is", QUIN)
    found = plant.verdict("rework", PAM, **WHY)

    assert (plant.state, found.status, found.error) == ("board", 409, "VOTE_DECIDED")


def test_nobody_votes_twice() -> None:
    plant = board()
    plant.act("use_as_is", EVE)
    found = plant.verdict("rework", EVE, **WHY)

    assert (found.status, found.error, found.reason) == (409, "ALREADY_VOTED", "You have voted already")
    with pytest.raises(UnknownTransition):
        step(plant.instance.chart, plant.instance.snapshot, Event("use_as_is", {}, plant.at, EVE))


def test_nobody_votes_himself_and_by_a_delegate() -> None:
    delegate = person("dan", acts_for=(stands_in_for(EVE),))
    plant = board()
    assert plant.act("use_as_is", delegate).on_behalf_of == {"username": "eve", "name": "Eve"}
    assert plant.refused("use_as_is", EVE) == "ALREADY_VOTED"

    plant = board()
    plant.act("use_as_is", EVE)
    assert plant.verdict("use_as_is", delegate).reason == "eve has voted already"


def test_nobody_votes_for_two_people() -> None:
    plant = board()
    plant.act("use_as_is", person("dan", acts_for=(stands_in_for(EVE),)))

    assert plant.refused("use_as_is", person("dan", acts_for=(stands_in_for(QUIN),))) == "ALREADY_VOTED"


def test_a_vote_is_judged_like_its_transition() -> None:
    plant = Plant(BOARD, person("ina", "inspector", "engineer"))

    assert plant.refused("rework", EVE) == "VALIDATION_ERROR"
    assert plant.refused("use_as_is", person("bob", "operator")) == "FORBIDDEN"
    assert plant.refused("use_as_is", person("ina", "engineer")) == "SEPARATION_OF_DUTIES"


def test_there_is_nothing_to_claim() -> None:
    plant = board()
    with pytest.raises(Conflict) as refused:
        plant.command("claim", EVE)
    assert refused.value.code == "QUORUM_NOT_CLAIMED"

    plant.act("use_as_is", EVE, claim=True)
    assert "eve" in plant.task["votes"]


def test_other_transitions_of_the_state_are_no_votes() -> None:
    plant = board()
    plant.act("ask", EVE)

    assert "votes" not in plant.task


# --- the decision --------------------------------------------------------------------------------------------

WORDS = ("role:a", "role:b")
CODES = ("yes", "no", "later")


@st.composite
def quorums(draw: st.DrawFn) -> Quorum:
    of = draw(st.integers(1, 3))
    codes = {code: draw(st.integers(1, of)) for code in draw(st.sets(st.sampled_from(CODES), min_size=1))}
    required = {code: tuple(draw(st.sets(st.sampled_from(WORDS)))) for code in codes if draw(st.booleans())}
    veto = Veto(by=(draw(st.sampled_from(WORDS)),), code=draw(st.sampled_from(sorted(codes))))
    return Quorum(
        codes=codes,
        of=of,
        required=required,
        veto=draw(st.sampled_from([veto, None])),
        otherwise=draw(st.sampled_from([*sorted(codes), "other"])),
    )


def ballots(quorum: Quorum) -> list[Vote]:
    """Every vote that somebody could cast."""
    kinds = [frozenset(words) for size in range(3) for words in itertools.combinations(WORDS, size)]
    return [(code, words) for code in quorum.codes for words in kinds]


def counted(quorum: Quorum, votes: list[Vote]) -> str:
    """The rule in plain words, over all votes: the first code to win has won; nobody: `otherwise`."""
    for number in range(1, len(votes) + 1):
        code, words = votes[number - 1]
        if quorum.veto and code == quorum.veto.code and words & set(quorum.veto.by):
            return code
        mine = [words for voted, words in votes[:number] if voted == code]
        present = set[str]().union(*mine)
        if len(mine) >= quorum.codes.get(code, quorum.of + 1) and present >= set(quorum.required.get(code, ())):
            return code
    return quorum.otherwise


@given(quorums(), st.data())
def test_it_is_decided_as_early_as_no_further_vote_can_change_it(quorum: Quorum, data: st.DataObject) -> None:
    possible = ballots(quorum)
    votes: list[Vote] = []
    while len(votes) < quorum.of:
        votes.append(data.draw(st.sampled_from(possible)))
        # Whoever does not vote counts as a vote for nothing.
        rest = itertools.product([*possible, ("nothing", frozenset[str]())], repeat=quorum.of - len(votes))
        results = {counted(quorum, [*votes, *others]) for others in rest}
        decided = decision(quorum, votes)
        assert decided == (results.pop() if len(results) == 1 else None)
        if decided is not None:
            return
    pytest.fail("all have voted, and nothing is decided")


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12))
def test_each_person_has_one_vote_at_most(order: list[str]) -> None:
    plant = Plant(BOARD.replace("of: 3", "of: 9").replace("use_as_is: 2", "use_as_is: 9"), INA)
    people = {"a": EVE, "b": person("dan", acts_for=(stands_in_for(EVE),)), "c": ELI, "d": person("ed", "engineer")}
    for name in order:
        if plant.refused("use_as_is", people[name]) is None:
            plant.act("use_as_is", people[name])
    voted = [who for vote in plant.task.get("votes", {}).values() for who in vote["persons"]]

    assert len(voted) == len(set(voted))
    assert len(plant.task.get("votes", {})) == len({"a" if name == "b" else name for name in order})


# --- what the checker says ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("rework: 2}\n        of", "rework: 4}\n        of", "J802"),
        ("otherwise: rework", "otherwise: scrap", "J803"),
        ("{use_as_is: [role", "{scrap: [role", "J803"),
        ("code: rework}", "code: scrap}", "J803"),
    ],
)
def test_a_quorum_that_does_not_hold_together_is_refused(old: str, new: str, code: str) -> None:
    assert old in BOARD
    found = compile_text(BOARD.replace(old, new), filename="x.yaml", catalogue=CATALOGUE)

    assert {item.code for item in found.errors} == {code}
