"""Decision tables evaluated, alone and inside a process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.definition.definitions import compiled
from tests.definition.tables.written import DATA, MATRIX, checked, table
from workflows.definition.expressions import Scope
from workflows.definition.program import Program
from workflows.definition.tables.form import Compare, Equal, Rule, Table
from workflows.domain.errors import ExpressionFailed, RuleRefused
from workflows.engine import chart as charts
from workflows.engine.decisions import DecisionTable
from workflows.engine.events import Actor
from workflows.engine.facts import facts_needed
from workflows.engine.simulation import Simulation
from workflows.engine.verdicts import available

RECORDED = sorted((Path(__file__).parents[1] / "machine" / "histories" / "programs").glob("*.json"))
ANN = Actor(id=1, username="ann", name="Ann", roles=("inspector",))


def decide(text: str, **data: Any) -> Any:
    return DecisionTable("it", table(text)).decide(Scope({"data": data}))


def started(program: Program, **data: Any) -> Simulation:
    simulation = Simulation(program)
    simulation.start(data)
    return simulation


def process(body: str) -> Program:
    compilation = compiled(DATA + body)
    assert compilation.program is not None, "\n".join(map(str, compilation.errors))
    return compilation.program


# --- the approval matrix of nonconformance reports, worked by hand ------------------------------------------------

QC, HEAD, PLANT, CEO = ("qc_manager", 1), ("department_head", 2), ("plant_manager", 3), ("ceo", 4)


@pytest.mark.parametrize(
    ("severity", "cost", "reworkable", "expected"),
    [
        ("minor", None, True, QC),
        ("minor", None, False, QC),
        ("minor", 0.0, False, QC),
        ("minor", 999.99, False, QC),
        ("minor", 1000.0, False, QC),
        ("minor", 1000.01, False, HEAD),
        ("minor", 1000.01, True, QC),
        ("minor", 10000.0, False, HEAD),
        ("minor", 10000.0, True, QC),
        ("minor", 10000.01, True, CEO),
        ("minor", 10000.01, False, CEO),
        ("major", None, True, HEAD),
        ("major", 0.0, False, HEAD),
        ("major", 10000.0, True, HEAD),
        ("major", 10000.01, True, CEO),
        ("critical", None, False, PLANT),
        ("critical", 500.0, True, PLANT),
        ("critical", 10000.0, False, PLANT),
        ("critical", 10000.01, False, CEO),
        ("critical", 1e9, True, CEO),
    ],
)
def test_the_approval_matrix(severity: str, cost: float | None, reworkable: bool, expected: tuple[str, int]) -> None:
    data = {"severity": severity, "reworkable": reworkable} | ({} if cost is None else {"estimated_cost": cost})

    assert decide(MATRIX, **data) == {"role": expected[0], "level": expected[1]}


def test_the_approval_matrix_has_neither_gap_nor_overlap() -> None:
    assert [item for item in checked(MATRIX).diagnostics if item.code.startswith("J7")] == []


# --- hit policies ------------------------------------------------------------------------------------------------

STEPS = """
hit: {hit}
inputs: {{quantity: data.quantity, code: data.code}}
outputs: {{member: string, votes: integer}}
rules:
  - {{when: {{quantity: '>= 10'}}, then: {{member: '"a"', votes: 1}}}}
  - {{when: {{quantity: '[5..20)'}}, then: {{member: '"b"', votes: 2}}}}
  - {{when: {{quantity: '> 18', code: 'code.startsWith("x")'}}, then: {{member: 'code', votes: quantity}}}}
"""


def test_first_takes_the_first_rule_that_holds() -> None:
    text = STEPS.format(hit="first") + "otherwise: {member: code, votes: 0}\n"

    assert decide(text, quantity=19, code="xy") == {"member": "a", "votes": 1}
    assert decide(text, quantity=9, code="xy") == {"member": "b", "votes": 2}
    assert decide(text, quantity=4, code="xy") == {"member": "xy", "votes": 0}


def test_collect_takes_all_that_hold_in_the_order_of_the_rules() -> None:
    text = STEPS.format(hit="collect") + "otherwise: {member: '\"nobody\"', votes: 0}\n"

    assert [item["member"] for item in decide(text, quantity=19, code="xy")] == ["a", "b", "xy"]
    assert decide(text, quantity=4, code="xy") == [{"member": "nobody", "votes": 0}]


def test_aggregates_stand_beside_lists() -> None:
    text = STEPS.format(hit="collect") + "otherwise: {member: code, votes: 7}\n"

    assert decide(text + "aggregate: {votes: sum, rules: count}\n", quantity=19, code="xy") == {
        "member": ["a", "b", "xy"],
        "votes": 22,
        "rules": 3,
    }
    assert decide(text + "aggregate: {votes: max}\n", quantity=19, code="xy")["votes"] == 19
    assert decide(text + "aggregate: {votes: min}\n", quantity=19, code="xy")["votes"] == 1
    assert decide(text + "aggregate: {rules: count}\n", quantity=0, code="xy") == {
        "member": ["xy"],
        "votes": [7],
        "rules": 0,
    }


def test_a_sum_beyond_whole_numbers_is_a_failure() -> None:
    text = """
    hit: collect
    aggregate: {votes: sum}
    inputs: {quantity: data.quantity}
    outputs: {votes: integer}
    rules: [{then: {votes: quantity}}, {then: {votes: quantity}}]
    """

    with pytest.raises(ExpressionFailed, match="too large"):
        decide(text, quantity=2**62)


def test_several_rules_of_a_unique_table_are_refused_by_number() -> None:
    text = """
    inputs: {quantity: data.quantity}
    outputs: {member: string}
    rules:
      - {when: {quantity: 'quantity % 2 == 0'}, then: {member: '"even"'}}
      - {when: {quantity: 'quantity % 3 == 0'}, then: {member: '"third"'}}
      - {when: {quantity: 'quantity % 5 == 0'}, then: {member: '"fifth"'}}
    """

    assert decide(text, quantity=9) == {"member": "third"}
    with pytest.raises(RuleRefused) as refused:
        decide(text, quantity=10)
    assert refused.value.code == "TABLE_NOT_UNIQUE"
    assert refused.value.details == {"table": "it", "inputs": {"quantity": 10}, "rules": [1, 3]}


def test_no_rule_is_refused_with_the_inputs() -> None:
    text = """
    title: Fate
    inputs: {quantity: data.quantity}
    outputs: {member: string}
    rules: [{when: {quantity: 'quantity % 2 == 0'}, then: {member: '"even"'}}]
    """

    with pytest.raises(RuleRefused, match="decision table Fate: no rule holds") as refused:
        decide(text, quantity=9)
    assert refused.value.code == "TABLE_NO_RULE"
    assert refused.value.details == {"table": "it", "inputs": {"quantity": 9}, "rules": []}


# --- cells -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "holding"),
    [
        ("5", [5]),
        ("'5'", [5]),
        ("'== 5'", [5]),
        ("'!= 5'", [None, 4, 6]),
        ("'[4, 6]'", [4, 6]),
        ("[4, null]", [None, 4]),
        ("'< 5'", [4]),
        ("'<= 5'", [4, 5]),
        ("'> 5'", [6]),
        ("'>= 5'", [5, 6]),
        ("'[4..6]'", [4, 5, 6]),
        ("'(4..6)'", [5]),
        ("'[4..6)'", [4, 5]),
        ("'(4..6]'", [5, 6]),
        ("null", [None]),
        ("'!= null'", [4, 5, 6]),
        ("'-'", [None, 4, 5, 6]),
    ],
)
def test_what_a_cell_holds_for(cell: str, holding: list[int | None]) -> None:
    text = f"""
    inputs: {{maybe: data.maybe}}
    outputs: {{yes: boolean}}
    rules: [{{when: {{maybe: {cell}}}, then: {{yes: true}}}}]
    otherwise: {{yes: false}}
    """

    assert [value for value in (None, 4, 5, 6) if decide(text, maybe=value)["yes"]] == holding


def test_true_is_not_one() -> None:
    """Only where the type of an input is not known can both come."""
    rule = Rule(when={"any": Equal(value=1)}, then={"yes": "true"})
    it = DecisionTable(
        "it",
        Table(
            hit="first",
            inputs={"any": "data.any"},
            outputs={"yes": {"type": "boolean"}},
            rules=(rule,),
            otherwise={"yes": "false"},
        ),
    )

    assert it.decide(Scope({"data": {"any": 1}})) == {"yes": True}
    assert it.decide(Scope({"data": {"any": 1.0}})) == {"yes": True}
    assert it.decide(Scope({"data": {"any": True}})) == {"yes": False}


@pytest.mark.parametrize("value", ["5", True, [5], {"a": 5}])
def test_a_comparison_that_means_nothing_is_a_failure(value: Any) -> None:
    rule = Rule(when={"any": Compare(operator="<", value=9)}, then={"yes": "true"})
    it = DecisionTable("it", Table(hit="first", inputs={"any": "data.any"}, outputs={"yes": {}}, rules=(rule,)))

    with pytest.raises(ExpressionFailed, match="not comparable with 9") as failed:
        it.decide(Scope({"data": {"any": value}}))
    assert failed.value.details["inputs"] == {"any": value}


def test_an_input_that_cannot_be_evaluated_is_a_failure() -> None:
    with pytest.raises(ExpressionFailed, match=r"data\.severity"):
        decide(MATRIX, reworkable=True)


def test_an_output_of_another_type_than_promised_is_a_failure() -> None:
    rule = Rule(then={"yes": "any"})
    outputs = {"yes": {"type": "boolean"}}
    it = DecisionTable("it", Table(hit="first", inputs={"any": "data.any"}, outputs=outputs, rules=(rule,)))

    assert it.decide(Scope({"data": {"any": True}})) == {"yes": True}
    with pytest.raises(ExpressionFailed, match="output `yes`: 'x' is not of type 'boolean'"):
        it.decide(Scope({"data": {"any": "x"}}))


# --- in a process --------------------------------------------------------------------------------------------------

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
def test_programs_from_before_there_were_tables_keep_their_digests(path: Path) -> None:
    program = Program.from_canonical(path.read_bytes())

    assert program.digest == path.stem
    assert charts.load(program).tables == {}
