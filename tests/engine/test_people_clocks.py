"""Working time, clocks that stand still, reminders: against the shipped calendar of a two-shift plant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.definition.catalogues import CATALOGUE
from tests.engine.charts import Instance
from tests.engine.people import person
from workflows.definition.compile import Compilation, compile_text
from workflows.domain.errors import ExpressionFailed
from workflows.engine.simulation import Simulation

CALENDARS = Path(__file__).parents[2] / "definitions"
FRIDAY = "2026-01-09T20:00:00Z"
"""21:00 in Bavaria, an hour before the late shift ends; the next shift begins on Monday at six."""

REVIEW = """
process: review
version: "1.0.0"
title: Review
calendar: plant
start: {by: [role:inspector]}
data: {type: object, properties: {length: {type: string}}}
states:
  work:
    parallel: true
    states:
      review:
        states:
          open:
            task:
              title: Review
              candidates: [role:qc_manager]
              due: LENGTH
              escalate: [{at: 50%, emit: late.half}, {at: 1 working hour, emit: late.hour}]
              remind: {every: 2 working hours, notify: role:qc_manager}
              pause_in: [held]
            transitions: {accept: {to: accepted}}
          accepted: {final: true}
      hold:
        states:
          free: {transitions: {stop: {by: [anyone], to: held}}}
          held: {transitions: {go_on: {by: [anyone], to: free}}}
    after: {in: PT10H, to: late, pause_in: [held]}
    transitions: {give_up: {by: [anyone], to: late}}
  late: {final: true}
"""
SUE = person("sue", "supervisor")


def compiled(text: str) -> Compilation:
    return compile_text(
        text, filename="x.yaml", catalogue=CATALOGUE, read_file=lambda name: (CALENDARS / name).read_text()
    )


def simulation(wanted: str = "4 working hours", at: str = FRIDAY, **data: Any) -> Simulation:
    compilation = compiled(REVIEW.replace("LENGTH", wanted))
    assert compilation.program is not None, [str(item) for item in compilation.errors]
    found = Simulation(compilation.program, at)
    found.start(data, person("ina", "inspector"))
    return found


def task(found: Simulation) -> dict[str, Any]:
    (one,) = found.snapshot.tasks.values()
    return one


def due(found: Simulation, timer: str) -> str:
    return str(found.snapshot.timers[timer]["due"])


def test_working_hours_go_on_after_the_weekend_and_say_why() -> None:
    found = task(simulation())

    assert found["due_at"] == "2026-01-12T08:00:00Z"
    assert found["due_why"].startswith("Fri 2026-01-09 21:00 + 4 working hours = Mon 2026-01-12 09:00")


def test_the_length_may_be_an_expression() -> None:
    assert task(simulation("data.length", length="2 working days"))["due_at"] == "2026-01-13T20:00:00Z"
    assert task(simulation("data.length", length="PT1H"))["due_at"] == "2026-01-09T21:00:00Z"


def test_half_of_working_time_is_half_of_the_hours_worked() -> None:
    assert due(simulation(), "after.open.1") == "2026-01-12T06:00:00Z"
    assert due(simulation("2 working days"), "after.open.1") == "2026-01-12T20:00:00Z"


def test_a_step_of_the_ladder_may_be_working_time() -> None:
    assert due(simulation(), "after.open.2") == "2026-01-09T21:00:00Z"


def test_what_is_pinned_to_the_program_does_not_move_with_the_file() -> None:
    program = compiled(REVIEW.replace("LENGTH", "PT1H")).program
    assert program is not None
    assert program.calendar["calendar"] == "plant"
    assert program.from_canonical(program.canonical()).digest == program.digest


def test_a_reminder_comes_again_and_again_until_the_task_is_done() -> None:
    found = simulation(at="2026-01-12T05:00:00Z")
    reminded = found.advance("8 working hours")
    assert [effect["action"] for effect in reminded if effect["kind"] == "do"] == ["notify.email"] * 4

    found.send("accept", {}, person("quin", "qc_manager"))
    assert [timer for timer in found.snapshot.timers if timer.startswith("after.open")] == []


def test_a_clock_that_stands_still_goes_on_with_what_was_left() -> None:
    """Half an hour has been worked; two hours of Monday morning are held."""
    found = simulation()
    found.advance("PT30M")
    found.send("stop", {}, SUE)
    assert task(found)["due_at"] is None
    assert task(found)["remaining_s"] == 3.5 * 3600
    assert found.snapshot.timers == {}

    found.advance("PT58H30M")  # to Monday 08:00 in Bavaria
    changed = found.send("go_on", {}, SUE)
    assert task(found)["due_at"] == "2026-01-12T10:45:00Z"
    assert [effect["due_at"] for effect in changed if effect["kind"] == "task_due"] == ["2026-01-12T10:45:00Z"]
    assert due(found, "after.work.1") == "2026-01-12T16:30:00Z"
    assert found.snapshot.paused == {}


def test_a_clock_that_stands_still_is_gone_with_its_state() -> None:
    found = simulation()
    found.send("stop", {}, SUE)
    found.send("give_up", {}, SUE)

    assert (found.snapshot.status, found.snapshot.paused) == ("done", {})


def test_a_clock_that_stood_still_when_it_was_due_fires_at_once() -> None:
    found = simulation("PT1H")
    found.advance("PT59M59S")
    found.send("stop", {}, SUE)
    found.advance("P2D")
    found.send("go_on", {}, SUE)
    found.advance("PT1S")

    assert due(found, "after.work.1") > found.at
    assert found.state == ["free", "open"]


def test_working_time_without_a_calendar_is_refused() -> None:
    found = compiled(REVIEW.replace("LENGTH", "4 working hours").replace("calendar: plant\n", ""))
    assert {item.code for item in found.errors} == {"J106"}

    program = compiled(REVIEW.replace("LENGTH", "data.length")).program
    assert program is not None
    with pytest.raises(ExpressionFailed, match="no calendar"):
        Instance(program.model_copy(update={"calendar": {}}), data={"length": "2 working days"})


def test_a_calendar_that_is_not_there_is_told() -> None:
    found = compiled(REVIEW.replace("LENGTH", "PT1H").replace("calendar: plant", "calendar: moon"))

    assert {item.code for item in found.errors} >= {"J120"}
