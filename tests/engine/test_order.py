"""In which order exit, transition and entry actions run."""

from __future__ import annotations

from tests.engine.charts import Instance, assign, cel, final, history, note, program, regions, state, to
from workflows.definition.program import Transition


def test_exit_inner_first_then_transition_then_entry_outer_first() -> None:
    instance = Instance(
        program(
            state(
                "a",
                state("a1", state("a11", traced=True), traced=True),
                to("b", event="go", do=[note("go")]),
                traced=True,
            ),
            state("b", state("b1", state("b11", traced=True), traced=True), traced=True),
        )
    )
    instance.send("go")

    assert instance.trace == ["-a11", "-a1", "-a", "go", "+b", "+b1", "+b11"]


def test_regions_are_entered_in_document_order_and_exited_in_reverse() -> None:
    instance = Instance(
        program(
            regions(
                "p",
                state("r1", state("x", traced=True), traced=True),
                state("r2", state("y", traced=True), traced=True),
                to("done", event="go"),
                traced=True,
            ),
            state("done"),
        )
    )

    assert instance.trace == ["+p", "+r1", "+x", "+r2", "+y"]
    instance.send("go")
    assert instance.trace == ["-y", "-r2", "-x", "-r1", "-p"]


def test_transitions_of_regions_exit_together_then_act_then_enter_together() -> None:
    instance = Instance(
        program(
            regions(
                "p",
                state("r1", state("x", to("x2", event="go", do=[note("1")]), traced=True), state("x2", traced=True)),
                state("r2", state("y", to("y2", event="go", do=[note("2")]), traced=True), state("y2", traced=True)),
            )
        )
    )
    instance.send("go")

    assert instance.trace == ["-y", "-x", "1", "2", "+x2", "+y2"]


def test_all_blocks_of_entry_and_exit_run_in_document_order() -> None:
    first = state("a", to("b", event="go")).model_copy(update={"exit": ((note("1"),), (note("2"), note("3")))})
    instance = Instance(program(first, state("b")))
    instance.send("go")

    assert instance.trace == ["1", "2", "3"]


def test_initial_actions_run_after_the_entry_of_their_state_and_before_that_of_its_children() -> None:
    initial = Transition(id="c/initial", targets=("c1",), actions=(note("initial"),))
    instance = Instance(program(state("c", state("c1", traced=True), initial=initial, traced=True)))

    assert instance.trace == ["+c", "initial", "+c1"]


def test_initial_actions_do_not_run_when_a_child_is_the_target() -> None:
    initial = Transition(id="c/initial", targets=("c1",), actions=(note("initial"),))
    instance = Instance(
        program(state("a", to("c2", event="go")), state("c", state("c1"), state("c2"), initial=initial))
    )
    instance.send("go")

    assert instance.trace == []


def test_the_first_transition_of_the_process_acts_before_any_entry() -> None:
    initial = Transition(id="initial", targets=("a",), actions=(note("begin"),))
    instance = Instance(program(state("a", traced=True), initial=initial))

    assert instance.trace == ["begin", "+a"]


def test_default_history_actions_run_after_the_parents_entry_and_only_without_a_record() -> None:
    instance = Instance(
        program(
            state("out", to("h", event="go")),
            state(
                "box",
                state("one", to("two", event="next"), traced=True),
                state("two", traced=True),
                history("h", "one", do=(note("default"),)),
                to("out", event="leave"),
                traced=True,
            ),
        )
    )

    instance.send("go")
    assert instance.trace == ["+box", "default", "+one"]
    instance.send("next")
    instance.send("leave")
    instance.send("go")
    assert instance.trace == ["+box", "+two"]


def test_deep_history_restores_the_innermost_states_and_shallow_history_only_children() -> None:
    def chart(deep: bool) -> Instance:
        inner = state("inner", state("first", to("second", event="next")), state("second"))
        box = state("box", inner, history("h", "inner", deep=deep), to("out", event="leave"))
        return Instance(program(box, state("out", to("h", event="back"))))

    for deep, expected in ((True, "second"), (False, "first")):
        instance = chart(deep)
        for event in ("next", "leave", "back"):
            instance.send(event)
        assert instance.state == expected


def test_a_history_state_reached_from_within_does_not_enter_again_what_was_not_left() -> None:
    """Only x is left, so only its region changes: neither the states around it nor the other region."""
    p = regions(
        "p",
        state("r1", state("x", to("h", event="go"), traced=True), state("x2", traced=True), traced=True),
        state("r2", state("y", to("y2", event="on")), state("y2"), traced=True),
        traced=True,
    )
    instance = Instance(program(state("box", p, history("h", "x2", deep=True), traced=True)))
    instance.send("on")
    instance.send("go")

    assert (instance.trace, instance.state) == (["-x", "+x2"], "x2 y2")


def test_a_history_state_whose_parent_is_left_in_the_same_step_restores_what_was_just_left() -> None:
    """The way there is that of the default, which leads around p; what is entered is what p has just remembered."""
    p = regions(
        "p",
        state("r", state("x", to("h", event="go"), traced=True), state("x2")),
        history("h", "r", deep=True),
        traced=True,
    )
    instance = Instance(program(state("box", p)))
    instance.send("go")

    assert (instance.trace, instance.snapshot.configuration) == (["-x", "-p", "+p", "+x"], ["box", "p", "r", "x"])


def test_history_is_recorded_before_exit_actions_change_anything() -> None:
    instance = Instance(
        program(
            state(
                "box",
                state("one", exit=[assign(seen=cel("'one' in state"))]),
                history("h", "one"),
                to("out", event="leave"),
            ),
            state("out"),
        )
    )
    instance.send("leave")

    assert instance.snapshot.history == {"h": ["one"]}
    assert instance.snapshot.data["seen"] is True


def test_a_state_is_in_the_configuration_while_it_is_entered_and_left() -> None:
    instance = Instance(
        program(
            state("a", to("b", event="go"), exit=[note("exit", cel("state"))]),
            state("b", entry=[note("entry", cel("state"))]),
        )
    )
    instance.send("go")

    assert [effect["value"] for effect in instance.effects("log")] == [["a"], ["b"]]


def test_an_outer_self_transition_leaves_and_enters_again() -> None:
    instance = Instance(program(state("a", to("a", event="again"), traced=True)))
    instance.send("again")

    assert instance.trace == ["-a", "+a"]


def test_an_internal_transition_does_not_leave_its_compound_source() -> None:
    box = state(
        "box", state("one", traced=True), state("two", traced=True), to("two", event="go", internal=True), traced=True
    )
    instance = Instance(program(box))
    instance.send("go")

    assert instance.trace == ["-one", "+two"]


def test_internal_does_not_count_for_a_parallel_source() -> None:
    p = regions(
        "p",
        state("r1", state("x"), state("x2")),
        state("r2", state("y")),
        to("x2", event="go", internal=True),
        traced=True,
    )
    instance = Instance(program(p))
    instance.send("go")

    assert instance.trace == ["-p", "+p"]
    assert instance.state == "x2 y"


def test_internal_does_not_count_when_a_target_is_outside() -> None:
    instance = Instance(
        program(state("box", state("one"), to("out", event="go", internal=True), traced=True), state("out"))
    )
    instance.send("go")

    assert instance.trace == ["-box"]


def test_a_targetless_transition_acts_without_leaving() -> None:
    instance = Instance(program(state("a", to(event="note", do=[note("here")]), traced=True)))
    instance.send("note")

    assert instance.trace == ["here"]
    assert instance.last.taken == ["a/0"]


def test_reaching_the_end_runs_the_exit_actions_of_the_final_and_then_reports_done() -> None:
    instance = Instance(
        program(
            state("a", to("end", event="go"), traced=True),
            final("end", traced=True, result={"n": cel("data.n")}),
            data={"n": 7},
        )
    )
    instance.send("go")

    assert instance.trace == ["-a", "+end", "-end"]
    assert instance.last.effects[-1] == {"kind": "done", "state": "end", "outcome": "end", "result": {"n": 7}}
    assert (instance.snapshot.status, instance.snapshot.outcome, instance.state) == ("done", "end", "end")
