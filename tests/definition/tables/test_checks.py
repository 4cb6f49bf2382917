"""Gaps, overlaps and rules never taken, each with its counter-example; and what cannot be known."""

from __future__ import annotations

import pytest

from tests.definition.tables.written import MATRIX, checked, told

SEVERITY = "inputs: {severity: data.severity}\noutputs: {role: string}\n"
COST = "inputs: {cost: data.estimated_cost}\noutputs: {role: string}\n"
QUANTITY = "inputs: {quantity: data.quantity}\noutputs: {role: string}\n"
TWO = "inputs: {severity: data.severity, cost: data.estimated_cost}\noutputs: {role: string}\n"


def rules(*cells: str) -> str:
    return "rules:\n" + "".join(f"  - {{when: {{{cell}}}, then: {{role: '\"x\"'}}}}\n" for cell in cells)


@pytest.mark.parametrize(
    ("table", "case"),
    [
        (SEVERITY + rules("severity: '\"minor\"'", "severity: '\"critical\"'"), 'severity "major"'),
        (SEVERITY + rules("severity: '!= \"critical\"'"), 'severity "critical"'),
        (COST + rules("cost: '< 10'", "cost: '> 10'"), "cost 10.0"),
        (COST + rules("cost: '<= 10'", "cost: '> 20'"), "cost 15.0"),
        (COST + rules("cost: '[0..10)'", "cost: '>= 10'"), "cost -1.0"),
        (COST + rules("cost: '<= 10'", "cost: '(10..20]'"), "cost 21.0"),
        (COST + rules("cost: '< 0.1'", "cost: '> 0.1'", "cost: '[0.2..0.3]'"), "cost 0.1"),
        (QUANTITY + rules("quantity: '< 10'", "quantity: '> 11'"), "quantity 10"),
        (QUANTITY + rules("quantity: '< 10'", "quantity: '> 10'"), "quantity 10"),
        (QUANTITY + rules("quantity: '[1..10]'", "quantity: '> 10'"), "quantity 0"),
        (QUANTITY + rules("quantity: '!= 7'"), "quantity 7"),
        (TWO + rules("severity: '\"minor\"'", "cost: '> 5'"), 'severity "major", cost 4.0'),
        (TWO + rules('severity: \'["minor", "major"]\'', "cost: '!= 5'"), 'severity "critical", cost 5.0'),
        (
            "inputs: {code: data.code}\noutputs: {role: string}\n" + rules("code: '\"A1\"'", "code: '\"B1\"'"),
            'code "other"',
        ),
        (
            "inputs: {code: data.code}\noutputs: {role: string}\n" + rules("code: '< \"b\"'", "code: '> \"b\"'"),
            'code "b"',
        ),
        (
            "inputs: {yes: data.reworkable, more: data.customer_affected}\noutputs: {role: string}\n"
            + rules("yes: true", "more: true"),
            "yes false, more false",
        ),
        (
            "inputs: {maybe: data.maybe}\noutputs: {role: string}\n" + rules("maybe: '<= 5'", "maybe: '> 5'"),
            "maybe null",
        ),
        (
            "inputs: {cost: 'has(data.estimated_cost) ? data.estimated_cost : -1.0'}\noutputs: {role: string}\n"
            + rules("cost: '>= 0'"),
            "cost -1.0",
        ),
        (
            "inputs: {severity: 'has(data.severity) ? data.severity : \"none\"'}\noutputs: {role: string}\n"
            + rules('severity: \'["minor", "major", "critical"]\''),
            'severity "none"',
        ),
        ("inputs: {size: size(data.tags)}\noutputs: {role: string}\n" + rules("size: '> 3'"), "size 2"),
    ],
)
def test_a_gap_is_told_with_a_case_in_it(table: str, case: str) -> None:
    gaps = [line for line in told(table) if line.startswith("J701")]

    assert gaps == [f"J701 no rule of `it` holds for {case}"]


@pytest.mark.parametrize(
    "table",
    [
        SEVERITY + rules("severity: '\"minor\"'", 'severity: \'["major", "critical"]\''),
        SEVERITY + rules("severity: '!= \"critical\"'", "severity: '\"critical\"'"),
        COST + rules("cost: '<= 10'", "cost: '(10..20)'", "cost: '>= 20'"),
        QUANTITY + rules("quantity: '< 10'", "quantity: '[10..11]'", "quantity: '> 11'"),
        QUANTITY + rules("quantity: 0", "quantity: '>= 1'"),
        QUANTITY + rules("quantity: '-'"),
        SEVERITY + rules("severity: '\"minor\"'") + "otherwise: {role: '\"y\"'}\n",
        "hit: first\n" + TWO + rules("severity: '\"minor\"'", "cost: '> 5'", ""),
        "inputs: {maybe: data.maybe}\noutputs: {role: string}\n"
        + rules("maybe: '<= 5'", "maybe: '> 5'", "maybe: null"),
        "inputs: {code: data.code}\noutputs: {role: string}\n" + rules("code: '\"A\"'", "code: '!= \"A\"'"),
        MATRIX,
    ],
)
def test_a_table_that_covers_every_case_once_has_nothing_to_complain_about(table: str) -> None:
    assert told(table) == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            SEVERITY + rules("severity: '\"minor\"'", "severity: '!= \"major\"'", "severity: '\"major\"'"),
            'rules 1 and 2 of `it` both hold for severity "minor"',
        ),
        (COST + rules("cost: '<= 10'", "cost: '>= 10'"), "rules 1 and 2 of `it` both hold for cost 10.0"),
        (
            QUANTITY + rules("quantity: '<= 10'", "quantity: '(9..20]'", "quantity: '> 20'"),
            "rules 1 and 2 of `it` both hold for quantity 10",
        ),
        (
            TWO + rules("severity: '\"minor\"'", "severity: '!= \"minor\"'", "severity: '\"major\"', cost: '> 1'"),
            'rules 2 and 3 of `it` both hold for severity "major", cost 2.0',
        ),
    ],
)
def test_an_overlap_is_told_with_a_case_in_it(table: str, message: str) -> None:
    assert told(table) == [f"J702 {message}"]


def test_rules_of_first_and_collect_may_overlap() -> None:
    cells = COST + rules("cost: '<= 10'", "cost: '>= 10'")

    assert told("hit: first\n" + cells) == []
    assert told("hit: collect\n" + cells) == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (QUANTITY + rules("quantity: '-'", "quantity: '< 0'"), "rule 2 of `it` can never hold"),
        (QUANTITY + rules("quantity: '-'", "quantity: '(5..5]'"), "rule 2 of `it` can never hold"),
        (QUANTITY + rules("quantity: '-'", "quantity: '(5..6)'"), "rule 2 of `it` can never hold"),
        (
            "hit: first\n" + TWO + rules("severity: '\"minor\"'", "cost: '> 1'", "severity: '\"minor\"', cost: 1", ""),
            "rule 3 of `it` is never the first to hold",
        ),
        (
            "hit: first\n" + COST + rules("cost: '<= 10'", "cost: '> 10'", "cost: '> 5'"),
            "rule 3 of `it` is never the first to hold",
        ),
    ],
)
def test_a_rule_that_is_never_taken_is_a_warning(table: str, message: str) -> None:
    assert told(table) == [f"J703 {message}"]


def test_conditions_are_said_to_be_out_of_reach() -> None:
    table = QUANTITY + rules("quantity: 'quantity % 2 == 0'", "quantity: 'quantity % 2 == 1'")

    assert told(table) == ["J704 `it` is not checked for gaps and overlaps: rules 1, 2 have conditions"]
    assert {item.severity for item in checked(table).diagnostics if item.code == "J704"} == {"info"}


def test_a_condition_behind_rules_that_cover_all_hides_nothing() -> None:
    cells = rules("quantity: '<= 5'", "quantity: '> 5'", "quantity: 'quantity % 2 == 0'")

    assert told("hit: collect\n" + QUANTITY + cells) == []
    assert told(QUANTITY + cells) == ["J704 `it` is not checked for overlaps: rule 3 has a condition"]


def test_a_gap_that_no_condition_can_close_is_still_told() -> None:
    table = TWO + rules("severity: '\"minor\"', cost: 'cost > 5.0'", "severity: '\"major\"'")

    assert told(table) == ['J701 no rule of `it` holds for severity "critical", cost -1.0']


def test_a_table_that_is_too_large_to_check_says_so() -> None:
    """Twelve pigeons do not fit into eleven holes, but to see that one has to try."""
    pigeons, holes = range(12), range(11)
    homeless = (", ".join(f"p{pigeon}_{hole}: false" for hole in holes) for pigeon in pigeons)
    crowded = (f"p{one}_{hole}: true, p{two}_{hole}: true" for hole in holes for two in pigeons for one in range(two))
    inputs = ", ".join(f"p{pigeon}_{hole}: data.reworkable" for pigeon in pigeons for hole in holes)
    table = f"hit: collect\ninputs: {{{inputs}}}\noutputs: {{role: string}}\n{rules(*homeless, *crowded)}"

    assert told(table) == ["J704 `it` is too large to be checked for gaps and overlaps"]


def test_a_table_nobody_reads_is_a_warning() -> None:
    table = "inputs: {q: data.quantity}\noutputs: {yes: boolean}\nrules: [{then: {yes: true}}]\n"
    found = checked(table, "states: {open: {}}\n").diagnostics

    assert [item.message for item in found if item.code == "J605"] == ["nothing reads the decision table `it`"]


@pytest.mark.parametrize(
    ("outputs", "then"),
    [
        ("{role: {enum: [a, b]}}", "{role: '\"c\"'}"),
        ("{role: string}", "{role: '1'}"),
        ("{role: integer}", "{role: '1.5'}"),
        ("{role: number}", "{role: quantity}"),
        ("{role: {type: array, items: {type: string}}}", "{role: '[1]'}"),
        ("{role: {type: integer, maximum: 3}}", "{role: 4}"),
    ],
)
def test_an_output_of_the_wrong_type_is_an_error(outputs: str, then: str) -> None:
    table = f"inputs: {{quantity: data.quantity}}\noutputs: {outputs}\nrules: [{{then: {then}}}]\n"

    assert [line[:4] for line in told(table)] == ["J706"]


def test_what_a_table_gives_has_a_type_in_expressions() -> None:
    states = "states: {open: {entry: [{log: it, value: tables.it.levl}, {decide: it, into: votes}]}}\n"
    found = [f"{item.code} {item.message}" for item in checked(MATRIX, states).errors]

    assert found == ["J303 `tables.it` has no field `levl`", "J409 `votes`: must be a whole number, not a mapping"]


@pytest.mark.parametrize(
    "place",
    ["defaults: {code: tables.it.role}", "facts: {held: {call: holds.open_for, with: {lot: tables.it.role}}}"],
)
def test_a_table_is_not_read_where_its_facts_are_not_there_yet(place: str) -> None:
    states = f"states: {{open: {{entry: [{{log: it, value: tables.it}}]}}}}\n{place}\n"
    found = [f"{item.code} {item.message}" for item in checked(MATRIX, states).errors]

    assert found == ["J303 decision tables cannot be read here"]
