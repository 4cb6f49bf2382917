"""What the type check takes and refuses, schema by schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.definition.definitions import compiled

OPEN: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "whole": {"type": "integer"},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "maybe_text": {"type": ["string", "null"]},
        "maybe_number": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "mixed": {"type": ["string", "integer"]},
        "either": {"oneOf": [{"type": "string"}, {"type": "object"}]},
        "anything": {},
        "level": {"enum": ["low", "high"]},
        "digit": {"enum": [1, 2, 3]},
        "fixed": {"const": "x"},
        "texts": {"type": "array", "items": {"type": "string"}},
        "grid": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        "bare_list": {"type": "array"},
        "box": {"type": "object", "properties": {"place": {"type": "string"}, "deep": {"$ref": "#/$defs/deep"}}},
        "maybe_box": {"anyOf": [{"$ref": "#/$defs/deep"}, {"type": "null"}]},
        "open": OPEN,
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "by_name": {"type": "object", "additionalProperties": {"$ref": "#/$defs/deep"}},
        "tree": {"$ref": "#/$defs/tree"},
        "both": {"allOf": [{"$ref": "#/$defs/deep"}, {"properties": {"more": {"type": "integer"}}}]},
        "fooBar": {"type": "string"},
        "foo_bar": {"type": "integer"},
        "_x": {"type": "string"},
        "x": {"type": "integer"},
        "po-number": {"type": "string"},
        "in": {"type": "string"},
    },
    "$defs": {
        "deep": {"type": "object", "properties": {"depth": {"type": "integer"}}},
        "tree": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "twigs": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
                "parent": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
            },
        },
    },
}


def codes(guard: str) -> list[str]:
    body = f"""
data: {json.dumps(SCHEMA)}
states:
  open: {{always: {{when: {json.dumps(guard)}, to: end}}}}
  end: {{final: true}}
"""
    return [item.code for item in compiled(body).errors]


@pytest.mark.parametrize(
    "guard",
    [
        'data.text == "a" && data.text.startsWith("b") && size(data.text) > 2',
        "data.whole + 1 > 2 && data.number * 2.0 > 1.5 && double(data.whole) < data.number",
        "data.flag && !data.flag",
        "has(data.text) && !has(data.box.place) && has(data.texts)",
        'data.maybe_text == null || data.maybe_text + "x" == "y"',
        "data.maybe_number == null || data.maybe_number > 1.0",
        'data.mixed == "a" || data.mixed == 1',
        'data.either == "a" || data.either.b == 1',
        "data.anything.at[0].all == 5 || data.anything",
        'data.level == "low" || data.level in ["low", "high"]',
        "data.digit > 1",
        'data.fixed == "x"',
        'data.texts.exists(t, t == "a") && data.texts[0] == "b" && size(data.texts) == 0 && "a" in data.texts',
        "data.grid[0][0] == 1 && data.bare_list[0] == 1",
        'data.box.place == "a" && data.box.deep.depth == 1 && data.box != null',
        "data.maybe_box == null || data.maybe_box.depth == 1",
        'data.open.a == "a" || data.open.other == 5 || data.open["third"] == 1',
        "data.counts.x == 1 && data.counts['y'] > 2 && data.counts.all(key, data.counts[key] > 0)",
        "data.by_name.x.depth == 1",
        'data.tree.twigs[0].twigs[0].name == "a" && data.tree.parent.parent.name == "b"',
        "data.both.depth == 1 && data.both.more == 2",
        'data.fooBar == "a" && data.foo_bar == 1 && data._x == "b" && data.x == 1',
        'now > timestamp("2026-01-01T00:00:00Z") && now - duration("3600s") < now',
        'actor.username == "ann" && "inspector" in actor.roles && actor.id != null && actor.kind == "user"',
        '"open" in state && number.startsWith("NCR") && instance.process == "x" && instance.id > 0',
        'children.all(c, c.outcome == "done" && c.status == "done" && c.index >= 0 && c.data.x == 1)',
        'event.whatever.it == "is"',
        "math.greatest(data.whole, 3) > 2 && data.text.upperAscii() == 'A'",
        'data.texts.map(t, t + "!").filter(t, t != "")[0] == "x"',
    ],
)
def test_what_is_well_typed_is_taken(guard: str) -> None:
    assert codes(guard) == []


@pytest.mark.parametrize(
    ("guard", "code"),
    [
        ("data.text", "J304"),
        ("data.whole", "J304"),
        ("null", "J304"),
        ("[]", "J304"),
        ("data.text == 1", "J302"),
        ("data.text == null", "J302"),
        ("data.whole == 1.0", "J302"),
        ("data.number > 1", "J302"),
        ("data.number == data.whole", "J302"),
        ("data.maybe_number > 1", "J302"),
        ("data.flag == 1", "J302"),
        ('data.digit == "1"', "J302"),
        ("data.texts == 1", "J302"),
        ("data.texts.exists(t, t == 1)", "J302"),
        ('data.box["place"] == "a"', "J302"),
        ("data.counts.x == 'a'", "J302"),
        ("now > 5", "J302"),
        ('now > "2026-01-01"', "J302"),
        ("size(data.whole) > 1", "J302"),
        ("data.nothing == 1", "J303"),
        ("data.box.nothing == 1", "J303"),
        ("data.maybe_box.nothing == 1", "J303"),
        ("data.tree.twigs[0].nothing == 1", "J303"),
        ("data.tree.parent.nothing == 1", "J303"),
        ("data.by_name.x.nothing == 1", "J303"),
        ("has(data.nothing)", "J303"),
        ("data.texts.exists(t, t == text)", "J303"),
        ("nothing == 1", "J303"),
        ("facts.nothing == 1", "J303"),
        ("actor.email == ''", "J303"),
        ("children.all(c, c.result == 1)", "J303"),
        ("nothing(1)", "J303"),
        ("timestamp()", "J303"),
        ("random()", "J303"),
        ('data.level == "medium"', "J305"),
        ('data.level != "medium"', "J305"),
        ("data.level in ['low', 'medium']", "J305"),
        ("data.text ==", "J301"),
        ("data..text", "J301"),
        ("data.text = 'a'", "J301"),
        ("data.in == 'a'", "J301"),
        ("data.?text == 'a'", "J301"),
        ("if (data.flag) true", "J301"),
        ("", "J301"),
    ],
)
def test_what_is_not_is_refused(guard: str, code: str) -> None:
    assert set(codes(guard)) == {code}


def test_without_a_schema_nothing_is_known_of_the_data() -> None:
    body = "data: {}\nstates:\n  open: {always: {when: data.x.y == 1 && data.z, to: end}}\n  end: {final: true}\n"

    assert compiled(body).errors == []


def test_the_item_of_a_list_has_its_type() -> None:
    body = """
states:
  open:
    entry:
      - for_each: data.lines
        as: line
        index: place
        actions:
          - {set: {text: line.sn, count: place}}
          - {set: {count: line.sn, text: place}}
          - {log: x, value: line.nothing}
"""
    assert [(item.code, item.line) for item in compiled(body).errors] == [
        ("J409", 22),
        ("J409", 22),
        ("J303", 23),
    ]


def test_a_list_in_a_list_has_its_type() -> None:
    body = """
data:
  type: object
  properties:
    sum: {type: integer}
    rows:
      type: array
      items: {type: object, properties: {cells: {type: array, items: {type: integer}}}}
states:
  open:
    entry:
      - for_each: data.rows
        as: row
        actions:
          - for_each: row.cells
            as: cell
            actions: [{set: {sum: data.sum + cell}}, {log: x, value: cell + "a"}, {log: x, value: row.cell}]
"""
    assert [item.code for item in compiled(body).errors] == ["J302", "J303"]


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        ("done: {when: event.status == 200, to: end}", []),
        ('done: {when: event.status == "200", to: end}', ["J302"]),
        ("done: {when: event.state == 200, to: end}", ["J303"]),
        ('failed: {when: event.error.code == "GONE", to: end}', []),
        ('failed: {when: event.code == "GONE", to: end}', ["J303"]),
    ],
)
def test_the_result_of_an_action_has_the_type_of_its_signature(step: str, codes: list[str]) -> None:
    body = f"""
states:
  open:
    entry:
      - do: http.request
        with: {{url: '"/"'}}
        {step}
  end: {{final: true}}
"""
    assert [item.code for item in compiled(body).errors] == codes


def test_a_column_points_into_the_expression() -> None:
    body = "states:\n  open: {always: {when: 'number == \"1\" && data.cuont > 1', to: end}}\n  end: {final: true}\n"
    found = compiled(body).errors[0]

    line = body.splitlines()[1]
    assert (found.code, found.column) == ("J303", line.index("data.cuont") + len("data") + 1)


def test_all_that_is_wrong_with_an_expression_is_told() -> None:
    assert codes("data.a == 1 && data.b == 2 && c") == ["J303", "J303", "J303"]
