"""What actions and values stand for in the Program."""

from __future__ import annotations

import pytest

from tests.definition.definitions import plain, program, state, states, transitions
from workflows.definition.program import Cel, Const, Emit, If, Items, Record, Set, Text


def test_set_comes_before_actions_and_emit_and_raise_after_them() -> None:
    found = states(
        """
        open:
          transitions:
            go: {by: [anyone], raise: gone, emit: went, actions: [{log: now}], set: {count: 1}, keep: [note], to: end}
        """
    )

    actions = transitions(found, "open")[0].actions
    assert [action.kind for action in actions] == ["if", "set", "log", "emit", "raise"]


def test_keep_copies_a_field_of_the_payload_when_it_is_there() -> None:
    found = states("open: {transitions: {go: {by: [anyone], keep: [note, text], require: [text], to: end}}}")

    maybe, surely = transitions(found, "open")[0].actions
    assert isinstance(maybe, If)
    assert maybe.branches[0].when == "has(event.note)"
    assert surely == Set(values={"text": Cel(source="event.text")})


def test_every_path_of_a_set_is_an_assignment_of_its_own_in_order() -> None:
    """Canonical JSON sorts keys; later assignments read earlier ones."""
    found = states("open: {entry: [{set: {text: number, count: 1, cost: double(data.count)}}]}")

    assignments = [list(action.values) for action in state(found, "open").entry[0] if isinstance(action, Set)]
    assert assignments == [["text"], ["count"], ["cost"]]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("5", Const(value=5)),
        ("null", Const(value=None)),
        ("data.text", Cel(source="data.text")),
        ("' data.text '", Cel(source="data.text")),
        ("[1, {a: true}]", Const(value=[1, {"a": True}])),
        ("[1, number]", Items(items=(Const(value=1), Cel(source="number")))),
        ("{a: {b: number}}", Record(fields={"a": Record(fields={"b": Cel(source="number")})})),
    ],
)
def test_a_text_is_an_expression_and_all_else_a_literal(written: str, value: object) -> None:
    found = states(f"open: {{entry: [{{emit: it, with: {{value: {written}}}}}]}}")

    emit = state(found, "open").entry[0][0]
    assert isinstance(emit, Emit)
    assert emit.data["value"] == value


def test_a_whole_number_for_a_number_of_the_data_becomes_a_float() -> None:
    found = program(
        """
        defaults: {cost: 1, count: 1}
        states:
          open: {entry: [{set: {cost: 5, count: 5}}], always: {to: end}}
          end: {final: true}
        """
    )

    first, second = state(found, "open").entry[0]
    assert isinstance(first, Set)
    assert isinstance(second, Set)
    assert repr(first.values["cost"]) == "Const(kind='const', value=5.0)"
    assert repr(second.values["count"]) == "Const(kind='const', value=5)"
    assert repr(found.data["cost"]) == "Const(kind='const', value=1.0)"


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("plain", ("plain",)),
        ("{number}", ("", "number", "")),
        ("a {number} b {data.count}", ("a ", "number", " b ", "data.count", "")),
        ("{{literal}} {number}", ("{literal} ", "number", "")),
        ("{ {'a': 1}.a }", ("", "{'a': 1}.a", "")),
        ("{'}' + \"{\"}", ("", "'}' + \"{\"", "")),
    ],
)
def test_a_text_has_holes(template: str, parts: tuple[str, ...]) -> None:
    quoted = template.replace("\\", "\\\\").replace('"', '\\"')
    found = states(f'open: {{task: {{title: "{quoted}", candidates: [role:inspector], due: P1D}}}}')

    task = state(found, "open").task
    assert task is not None
    assert task.title == Text(parts=parts)


def test_the_outcomes_of_an_action_are_transitions_of_the_state_that_waits_for_it() -> None:
    found = states(
        """
        one:
          entry: [{do: erp.book, with: {lot: number}, failed: {to: end}}]
          transitions:
            go: {by: [anyone], to: two, actions: [{do: erp.book, id: late, with: {lot: number}, done: {to: end}}]}
            stay: {by: [anyone], actions: [{do: erp.book, with: {lot: number}, failed: {to: end}}]}
        two: {transitions: {back: {by: [anyone], to: one}}}
        """
    )

    events = [item.events[0] for item in transitions(found, "one") if item.code is None]
    assert events == ["error.do.one.erp.book.1", "error.do.one.erp.book.2"]
    assert transitions(found, "two")[-1].events == ("done.do.late",)


def test_an_outcome_may_hold_an_action_with_outcomes() -> None:
    found = states(
        """
        one:
          entry:
            - do: erp.book
              id: first
              with: {lot: number}
              failed: {actions: [{do: erp.unbook, id: second, with: {lot: number}, failed: {to: end}}]}
        """
    )

    assert [item.events for item in transitions(found, "one")] == [("error.do.first",), ("error.do.second",)]


def test_retries_are_seconds() -> None:
    found = states(
        """
        one:
          entry:
            - {do: erp.book, with: {lot: number}, retry: {first: PT1M, most: P1D, factor: 3, attempts: 0}}
            - {do: erp.book, with: {lot: number}, retry: {schedule: [PT5S, PT5M]}}
            - {do: erp.book, with: {lot: number}}
          always: {to: end}
        """
    )

    retries = [plain(action).get("retry") for action in state(found, "one").entry[0]]
    assert retries == [
        {"first_s": 60.0, "factor": 3.0, "most_s": 86_400.0, "attempts": 0},
        {"schedule_s": [5.0, 300.0], "attempts": 3},
        None,
    ]


def test_the_mode_of_an_action_is_that_of_its_signature() -> None:
    found = states(
        """
        one:
          entry:
            - {do: stock.hold, with: {lot: number, reason: number}, undo: {do: stock.release, with: {lot: number}}}
            - {do: erp.book, with: {lot: number}, undo: {do: erp.unbook, with: {lot: number}}}
          always: {to: end}
        """
    )

    modes = [
        (plain(action)["mode"], plain(action)["compensate"].get("mode")) for action in state(found, "one").entry[0]
    ]
    assert modes == [("sql", "sql"), ("activity", None)], "activity is the default of a compensation"


def test_notify_and_document_are_actions_of_the_registry() -> None:
    found = states(
        """
        one:
          entry:
            - {notify: [role:inspector, creator, data.text], subject: "About {number}"}
            - {document: "Report {number}"}
          always: {to: end}
        """
    )

    notify, document = (plain(action) for action in state(found, "one").entry[0])
    assert notify["action"] == "notify.email"
    assert notify["with"]["to"] == {
        "items": [{"value": "role:inspector"}, {"value": "creator"}, {"source": "data.text"}]
    }
    assert notify["with"]["state"] == {"value": "one"}
    assert (document["action"], document["id"]) == ("document.pdf", "one.document.pdf.1")


def test_the_urgency_of_a_notice_is_an_argument_only_where_it_is_written() -> None:
    found = states(
        """
        one:
          entry:
            - {notify: role:inspector}
            - {notify: role:inspector, urgency: critical}
          always: {to: end}
        """
    )

    without, written = (plain(action)["with"] for action in state(found, "one").entry[0])
    assert written == without | {"urgency": {"value": "critical"}}
