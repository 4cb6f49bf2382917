"""Data are given the types of their schema when they enter."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from workflows.definition.payload import MOST_VIOLATIONS, Acceptance, accept, normalise
from workflows.domain.errors import InvalidInput

ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "price": {"type": "number"},
        "count": {"type": "integer"},
        "limit": {"type": ["number", "null"]},
        "due": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "pair": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "integer"}]},
        "weights": {"type": "object", "additionalProperties": {"type": "number"}},
        "either": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    },
    "$defs": {
        "line": {
            "type": "object",
            "properties": {"qty": {"type": "number"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
        }
    },
}


def violations_of(data: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    with pytest.raises(InvalidInput) as caught:
        Acceptance({**ORDER, **more}).accept(data)
    return caught.value.violations


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"price": 5}, {"price": 5.0}),
        ({"count": 5.0}, {"count": 5}),
        ({"limit": 3}, {"limit": 3.0}),
        ({"limit": None}, {"limit": None}),
        ({"lines": [{"qty": 1, "parts": [{"qty": 2}]}]}, {"lines": [{"qty": 1.0, "parts": [{"qty": 2.0}]}]}),
        ({"pair": [1, 2.0, 3]}, {"pair": [1.0, 2, 3]}),
        ({"weights": {"a": 1}}, {"weights": {"a": 1.0}}),
        ({"either": 4}, {"either": 4.0}),
        ({"unknown": 1}, {"unknown": 1}),
    ],
)
def test_numbers_get_the_type_that_expressions_were_checked_with(given: dict[str, Any], taken: dict[str, Any]) -> None:
    found = Acceptance(ORDER).accept(given)

    assert repr(found) == repr(taken)


def test_what_does_not_fit_is_left_for_the_validation_to_refuse() -> None:
    data = {"price": "5", "count": 1.5, "lines": 3, "weights": []}

    assert normalise(ORDER, data) == data
    assert [item["field"] for item in violations_of(data)] == ["count", "lines", "price", "weights"]


def test_the_argument_is_left_as_it_was() -> None:
    data = {"price": 5, "lines": [{"qty": 1}]}
    Acceptance(ORDER).accept(data)

    assert repr(data) == "{'price': 5, 'lines': [{'qty': 1}]}"


@pytest.mark.parametrize("due", ["2026-01-31T10:00:00", "2026-01-31", "tomorrow", "2026-02-30T10:00:00Z"])
def test_a_date_time_needs_a_zone_and_a_real_day(due: str) -> None:
    assert [item["field"] for item in violations_of({"due": due})] == ["due"]


@pytest.mark.parametrize("due", ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.5+02:00"])
def test_a_date_time_with_a_zone_is_taken(due: str) -> None:
    assert Acceptance(ORDER).accept({"due": due}) == {"due": due}


def test_a_whole_number_that_no_expression_can_hold_is_refused() -> None:
    found = violations_of({"count": 2**63})

    assert found == [{"field": "count", "value": str(2**63), "constraint": "does not fit into 64 bits"}]


@pytest.mark.parametrize("nothing", [{}, {"note": None}, {"note": ""}, {"note": "  "}, {"note": []}])
def test_a_required_name_must_carry_something(nothing: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Acceptance({}, require=["note"]).accept(nothing)

    assert caught.value.violations[0] == {"field": "note", "value": nothing.get("note"), "constraint": "is required"}


def test_false_and_nought_are_something() -> None:
    assert Acceptance({}, require=["a", "b"]).accept({"a": False, "b": 0}) == {"a": False, "b": 0}


def test_no_more_violations_are_told_than_people_read() -> None:
    data = {"lines": [{"qty": "x"}] * 100}

    assert len(violations_of(data)) == MOST_VIOLATIONS


def test_a_validator_that_exists_serves_as_well() -> None:
    validator = Draft202012Validator(ORDER, format_checker=Draft202012Validator.FORMAT_CHECKER)

    assert repr(accept(validator, {"price": 1})) == "{'price': 1.0}"
    with pytest.raises(InvalidInput):
        accept(validator, {"price": "1"})


def test_a_schema_may_refer_to_itself() -> None:
    tree = {"properties": {"size": {"type": "number"}, "twigs": {"items": {"$ref": "#"}}}}

    assert repr(normalise(tree, {"twigs": [{"twigs": [{"size": 1}]}]})) == "{'twigs': [{'twigs': [{'size': 1.0}]}]}"
