"""Decision tables inside a process: `decide`, and expressions that read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.definition.definitions import compiled
from tests.definition.tables.written import DATA
from workflows.definition.program import Program
from workflows.domain.errors import RuleRefused
from workflows.engine import chart as charts
from workflows.engine.events import Actor
from workflows.engine.facts import facts_needed
from workflows.engine.simulation import Simulation
from workflows.engine.verdicts import available

RECORDED = sorted((Path(__file__).parents[1] / "machine" / "histories" / "programs").glob("*.json"))
ANN = Actor(id=1, username="ann", name="Ann", roles=("inspector",))


def started(program: Program, **data: Any) -> Simulation:
    simulation = Simulation(program)
    simulation.start(data)
    return simulation


def process(body: str) -> Program:
    compilation = compiled(DATA + body)
    assert compilation.program is not None, "\n".join(map(str, compilation.errors))
    return compilation.program


MEMBERS = """
tables:
  board:
    hit: collect
    aggregate: {votes: max}
    inputs: {severity: data.severity, quantity: 'has(data.quantity) ? data.quantity : 0'}
    outputs: {member: string, votes: integer}
    rules:
      - {then: {member: '"quality"', votes: 1}}
      - {when: {severity: '["major", "critical"]'}, then: {member: '"engineering"', votes: 2}}
  level:
    hit: first
    inputs: {severity: data.severity, quantity: 'has(data.quantity) ? data.quantity : 0'}
    outputs: {role: string, level: integer}
    rules:
      - {when: {severity: '"critical"', quantity: '> 99'}, then: {role: '"ceo"', level: 2 * quantity}}
      - {then: {role: '"qc_manager"', level: 1}}
  odd:
    inputs: {quantity: data.quantity}
    outputs: {yes: boolean}
    rules: [{when: {quantity: quantity % 2 == 1}, then: {yes: true}}]
"""


def test_decide_puts_the_outputs_into_the_data() -> None:
    program = process(
        MEMBERS
        + """
states:
  open:
    entry:
      - {set: {quantity: 100}}
      - {decide: level, into: approval}
      - {decide: board, set: {members: decision.member, votes: decision.votes + 1}}
      - {set: {severity: '"minor"'}}
"""
    )

    data = started(program, severity="critical").snapshot.data
    assert data["approval"] == {"role": "ceo", "level": 200}
    assert (data["members"], data["votes"]) == (["quality", "engineering"], 3)


def test_an_expression_reads_what_a_table_gives_now() -> None:
    program = process(
        MEMBERS
        + """
states:
  open:
    entry: [{set: {votes: tables.level.level, quantity: 500}}]
    always: [{when: tables.level.level > 900, to: high}]
    transitions: {up: {by: [anyone], to: high}}
  high: {final: true, result: {level: tables.level.level}}
"""
    )

    simulation = started(program, severity="critical", quantity=100)
    assert simulation.snapshot.data["votes"] == 200
    assert simulation.snapshot.result == {"level": 1000}


def test_only_the_tables_that_an_expression_names_are_worked_out() -> None:
    """`odd` has no rule for an even quantity."""
    states = "states: {{open: {{entry: [{{log: it, value: {}}}], transitions: {{go: {{by: [anyone]}}}}}}}}"
    one, both = (process(MEMBERS + states.format(value)) for value in ("tables.level.level", "tables.odd.yes"))

    assert started(one, severity="minor", quantity=2).state == ["open"]
    with pytest.raises(RuleRefused, match="odd: no rule holds"):
        started(both, severity="minor", quantity=2)


def test_a_guard_that_no_rule_answers_shows_as_a_refusal() -> None:
    go = "{by: [anyone], when: tables.odd.yes, else: NOT_ODD, to: end}"
    program = process(MEMBERS + f"states: {{open: {{transitions: {{go: {go}}}}}, end: {{final: true}}}}")
    simulation = started(program, severity="minor", quantity=2)

    [verdict] = available(charts.load(program), simulation.snapshot, ANN, simulation.at, {})
    assert (verdict.allowed, verdict.status, verdict.error) == (False, 422, "TABLE_NO_RULE")
    with pytest.raises(RuleRefused, match="no rule holds"):
        simulation.verdict("go", actor=ANN)


def test_the_facts_of_a_table_are_looked_up_when_something_reads_the_table() -> None:
    program = process(
        """
facts:
  holds: {call: holds.open_for, with: {lot: number}}
  other: {call: lots.of, with: {lot: number}}
tables:
  held: {inputs: {holds: facts.holds}, outputs: {yes: boolean}, rules: [{then: {yes: holds > 0}}]}
states:
  open:
    transitions:
      go: {by: [anyone], when: tables.held.yes, else: FREE, to: end}
      note: {by: [anyone], set: {votes: int(facts.other.qty)}}
  end: {final: true}
"""
    )
    chart = charts.load(program)
    simulation = Simulation(program, facts={"holds": 1, "other": {"qty": 1.0}})
    simulation.start({})

    assert facts_needed(chart, simulation.snapshot, "go") == ["holds"]
    assert facts_needed(chart, simulation.snapshot, "note") == ["other"]


def test_a_table_inside_a_loop_sees_the_data_of_each_round() -> None:
    program = process(
        MEMBERS
        + """
states:
  open:
    entry:
      - set: {members: '["x"]'}
      - for_each: '[100, 200]'
        as: round
        actions:
          - {set: {quantity: round}}
          - {set: {members: 'data.members + [string(tables.level.level)]'}}
"""
    )

    assert started(program, severity="critical").snapshot.data["members"] == ["x", "200", "400"]


def test_a_loop_may_call_its_items_tables() -> None:
    """Programs from before there were decision tables may do so."""
    program = process(
        MEMBERS
        + """
states:
  open:
    entry:
      - set: {members: '["x"]'}
      - for_each: '[{"level": "a"}, {"level": "b"}]'
        as: tables
        actions: [{set: {members: 'data.members + [tables.level]'}}]
"""
    )

    assert started(program, severity="critical").snapshot.data["members"] == ["x", "a", "b"]


def test_a_program_with_tables_decides_the_same_after_a_round_through_its_canonical_form() -> None:
    program = process(MEMBERS + "states: {open: {entry: [{decide: level, into: approval}]}}")
    again = Program.from_canonical(program.canonical())

    assert (again, again.digest) == (program, program.digest)
    data = {"severity": "critical", "quantity": 700}
    assert started(again, **data).snapshot.data == started(program, **data).snapshot.data


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem[:8])
def test_recorded_programs_keep_their_digests_and_name_tables_only_where_they_have_some(path: Path) -> None:
    program = Program.from_canonical(path.read_bytes())

    assert program.digest == path.stem
    assert (b'"tables"' in program.canonical()) == bool(program.tables)
