"""What the shorthands of the language stand for in the Program."""

from __future__ import annotations

from tests.definition.catalogues import CATALOGUE
from tests.definition.definitions import compiled, plain, program, state, states, transitions
from workflows.definition.compile import compile_text
from workflows.definition.program import Emit, Raise


def test_a_state_is_named_by_its_name_where_that_is_unique_and_by_its_path_where_not() -> None:
    found = states(
        """
        box:
          states:
            open: {transitions: {next: {by: [anyone], to: shut}}}
            shut: {final: true}
          done: {to: other}
        other:
          states: {open: {transitions: {next: {by: [anyone], to: end}}}}
        """
    )

    assert [item.id for item in state(found, "box").children] == ["box.open", "shut"]
    assert [item.id for item in state(found, "other").children] == ["other.open"]


def test_a_target_is_sought_among_siblings_then_outward_then_inside_then_by_id() -> None:
    found = states(
        """
        one:
          states:
            open:
              transitions:
                sibling: {by: [anyone], to: shut}
                outward: {by: [anyone], to: two}
                path: {by: [anyone], to: two.shut}
                id: {by: [anyone], to: deep}
            shut: {}
          transitions:
            inside: {by: [anyone], to: open}
        two:
          states:
            shut: {transitions: {go: {by: [anyone], to: end}}}
            deep: {}
        """
    )

    targets = {item.code: item.targets for item in transitions(found, "open")}
    assert targets == {"sibling": ("one.shut",), "outward": ("two",), "path": ("two.shut",), "id": ("deep",)}
    assert transitions(found, "one")[0].targets == ("open",)


def test_initial_is_the_first_state_when_it_is_left_out() -> None:
    found = states(
        """
        box:
          states: {memory: {history: deep}, one: {always: {to: memory}}, two: {}}
          transitions: {go: {by: [anyone], to: [two]}, leave: {by: [anyone], to: end}}
        """
    )

    assert found.initial.targets == ("box",)
    assert state(found, "box").initial is not None
    assert plain(state(found, "box").initial) == {"id": "box/initial", "targets": ["one"]}
    assert plain(state(found, "memory").initial) == {"id": "memory/initial", "targets": ["one"]}, "as its parent's"


def test_transitions_stand_in_document_order_with_those_of_the_engine_behind() -> None:
    found = states(
        """
        open:
          transitions:
            b: {by: [anyone], to: end}
            a: [{when: data.count > 1, by: [anyone], to: end}, {to: open}]
          after: {in: PT1H, to: end}
          always: {when: data.count > 5, to: end}
        """
    )

    listed = [(item.id, item.code, item.events) for item in transitions(found, "open")]
    assert listed == [
        ("open/0", "b", ("b",)),
        ("open/1", "a", ("a",)),
        ("open/2", "a", ("a",)),
        ("open/3", None, ("after.open.1",)),
        ("open/4", None, ()),
    ]


def test_by_title_and_form_hold_for_later_alternatives_too() -> None:
    found = states(
        """
        open:
          transitions:
            go:
              - {when: data.count > 1, by: [role:inspector], title: Go on, form: {type: object}, to: end}
              - {require: [note], to: open}
              - {by: [system], to: end}
        """.replace("{require: [note], to: open}", "{when: data.count > 0, require: [note], to: open}")
    )

    first, second, third = transitions(found, "open")
    assert (second.by, second.title, second.form) == (first.by, "Go on", {"type": "object"})
    assert (first.require, second.require) == ((), ("note",))
    assert third.by == ("system",)


def test_where_a_task_is_open_its_candidates_may_unless_by_says_otherwise() -> None:
    found = states(
        """
        work:
          task: {title: Do it, candidates: [role:inspector], due: P1D}
          transitions: {own: {to: end}, other: {by: [role:operator], to: end}}
          states:
            inner: {transitions: {within: {to: end}}}
          always: {to: free}
        free:
          transitions: {nobody: {to: end}}
        """
    )

    assert [item.by for item in transitions(found, "work")[:2]] == [("candidates",), ("role:operator",)]
    assert transitions(found, "inner")[0].by == ("candidates",)
    assert transitions(found, "free")[0].by == ()


def test_the_form_of_a_task_holds_for_its_transitions_but_require_alone_says_what_must_be_there() -> None:
    found = states(
        """
        work:
          task:
            title: Do it
            candidates: [role:inspector]
            form: {type: object, properties: {note: {type: string}}, required: [note]}
            due: P1D
          transitions: {own: {require: [note], to: end}, other: {form: {type: object}, to: end}}
        """
    )

    task = state(found, "work").task
    own, other = transitions(found, "work")
    assert task is not None
    assert task.form == {"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]}
    assert own.form == {"type": "object", "properties": {"note": {"type": "string"}}}
    assert own.require == ("note",)
    assert other.form == {"type": "object"}


def test_a_timer_has_an_event_of_its_own_and_a_rung_of_the_ladder_too() -> None:
    found = states(
        """
        open:
          task:
            title: T
            candidates: [role:inspector]
            due: P2D
            escalate: [{at: 75%, notify: assignee}, {at: PT50H, assign: role:supervisor}, {at: 150%, raise: late}]
          after: [{in: PT1H, to: end}, {at: data.text, to: end}]
          transitions: {late: {by: [system], to: end}}
        """
    )

    timers = [(timer.id, plain(timer.after) if timer.after else None) for timer in state(found, "open").timers]
    assert timers == [
        ("after.open.1", {"value": "PT1H"}),
        ("after.open.2", None),
        ("after.open.3", {"value": "P1DT12H"}),
        ("after.open.4", {"value": "PT50H"}),
        ("after.open.5", {"value": "P3D"}),
    ]
    rungs = [item for item in transitions(found, "open") if item.events[0] in {f"after.open.{n}" for n in (3, 4, 5)}]
    assert [[action.kind for action in rung.actions] for rung in rungs] == [["do"], ["assign"], ["raise"]]
    assert all(rung.targets == () for rung in rungs)


def test_done_is_of_the_states_inside_or_of_the_children() -> None:
    found = states(
        """
        box: {states: {in: {final: true}}, done: {to: many}}
        many: {each: {of: data.lines, as: line, start: disposition, with: {sn: line.sn}}, done: {to: single}}
        single: {child: {start: inspection}, done: {to: end}, failed: {to: box}}
        """
    )

    assert transitions(found, "box")[0].events == ("done.state.box",)
    assert transitions(found, "many")[0].events == ("done.invoke.many",)
    assert [item.events for item in transitions(found, "single")] == [
        ("done.invoke.single",),
        ("error.invoke.single",),
    ]
    assert state(found, "many").invoke is not None
    assert plain(state(found, "many").invoke) == {
        "process": "disposition",
        "of": "data.lines",
        "item": "line",
        "with": {"sn": {"source": "line.sn"}},
    }
    single = state(found, "single").invoke
    assert single is not None
    assert single.handles_failure


def test_common_transitions_are_those_of_every_state_at_the_top_that_is_not_final() -> None:
    found = program(
        """
        transitions:
          cancel: {by: [role:supervisor], to: end}
        states:
          one: {transitions: {go: {by: [anyone], to: box}}}
          box:
            states: {inner: {}}
            transitions: {cancel: {by: [anyone], to: one}}
          end: {final: true}
        """
    )

    assert [(item.id, item.code, item.by) for item in transitions(found, "one")] == [
        ("one/0", "go", ("anyone",)),
        ("one/1", "cancel", ("role:supervisor",)),
    ]
    assert [(item.code, item.targets) for item in transitions(found, "box")] == [("cancel", ("one",))]
    assert transitions(found, "end") == []


def test_a_final_state_emits_last_on_entry() -> None:
    found = states("open: {always: {to: shut}}\nshut: {final: true, emit: shut.now, entry: [{raise: a}]}")

    assert state(found, "shut").entry == ((Raise(event="a"),), (Emit(event="shut.now"),))
    assert state(found, "shut").category == "success"


def test_the_start_has_rules_of_its_own() -> None:
    text = """
process: example
version: "1.0.0"
title: Example
start: {by: [role:inspector], form: forms/start.json, require: [text]}
data: schema.json
states: {end: {final: true}}
"""
    files = {
        "schema.json": '{"properties": {"text": {"type": "string"}}}',
        "forms/start.json": '{"properties": {"text": {"$ref": "types.json#/text"}}}',
        "forms/types.json": '{"text": {"type": "string", "maxLength": 5}}',
    }
    found = compile_text(text, filename="x", catalogue=CATALOGUE, read_file=files.__getitem__).program
    assert found is not None
    assert found.start_by == ("role:inspector",)
    assert found.start_require == ("text",)
    assert found.start_form == {
        "properties": {"text": {"$ref": "#/$defs/types/text"}},
        "$defs": {"types": {"text": {"type": "string", "maxLength": 5}}},
    }


def test_the_order_of_properties_is_kept_for_people() -> None:
    found = program(
        """
        data: {type: object, properties: {b: {type: string}, a: {type: object, properties: {z: {}, y: {}}}}}
        states: {end: {final: true}}
        """
    )

    assert found.data_schema["x-order"] == ["b", "a"]
    assert found.data_schema["properties"]["a"]["x-order"] == ["z", "y"]


def test_without_a_reader_of_files_only_inline_schemas_are_possible() -> None:
    text = 'process: x\nversion: "1.0.0"\ntitle: X\ndata: a.json\nstates: {end: {final: true}}\n'
    assert [item.code for item in compile_text(text, filename="x", catalogue=CATALOGUE).errors] == ["J120"]


def test_the_document_comes_with_the_program() -> None:
    found = compiled("states: {end: {final: true}}\nscenarios: [{name: nothing}]")

    assert found.document is not None
    assert [scenario.name for scenario in found.document.scenarios] == ["nothing"]
