"""Decision tables evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from tests.definition.tables.written import MATRIX, checked, table
from workflows.definition.expressions import Scope
from workflows.definition.tables.form import Compare, Equal, Rule, Table
from workflows.domain.errors import ExpressionFailed, RuleRefused
from workflows.engine.decisions import DecisionTable


def decide(text: str, **data: Any) -> Any:
    return DecisionTable("it", table(text)).decide(Scope({"data": data}))


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
