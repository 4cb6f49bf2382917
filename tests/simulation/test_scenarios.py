"""Scenarios: what passes, what fails and how that is told, and what counts as covered."""

from __future__ import annotations

from typing import Any

import pytest

from activities.actions import catalogue
from workflows.definition.compile import compile_text
from workflows.engine.events import SYSTEM
from workflows.engine.scenarios import Coverage, ScenarioResult, actor_of, first_starter, run_all

PROCESS = """
process: review
version: "1.0.0"
title: Review
number: "R-{seq:3}"
start: {by: [role:inspector, role:operator]}
data:
  type: object
  additionalProperties: false
  properties:
    severity: {enum: [minor, major]}
    note: {type: string}
    detail: {type: object, properties: {n: {type: number}, list: {type: array, items: {type: integer}}}}
defaults: {severity: '"minor"'}
facts:
  holds: {call: holds.open_for, with: {lot: '"L1"'}}
states:
  submitted:
    task: {title: Review, candidates: [role:qc_manager], due: PT24H}
    entry:
      - {emit: review.submitted}
    transitions:
      approve: {when: size(facts.holds) == 0, else: STILL_ON_HOLD, to: mailing}
      reject: {to: rejected, require: [comment]}
    after:
      - {in: PT48H, to: rejected}
  mailing:
    entry:
      - do: http.request
        id: mail
        with: {url: '"https://erp.example"'}
        done: {to: approved}
        failed: {to: submitted}
  approved: {final: true, emit: review.approved}
  rejected: {final: true, class: failure}
"""


def run(scenarios: str, process: str = PROCESS) -> tuple[list[ScenarioResult], Coverage]:
    result = compile_text(f"{process}\nscenarios:\n{scenarios}", filename="test.yaml", catalogue=catalogue())
    assert result.program is not None, result.diagnostics
    assert result.document is not None
    return run_all(result.program, result.document.scenarios, {"holds": []})


def only(scenario: str) -> ScenarioResult:
    results, _ = run(scenario)
    assert len(results) == 1
    return results[0]


def test_a_scenario_that_goes_as_told_passes() -> None:
    result = only("""
  - name: approved
    start: {by: inspector, data: {note: x, detail: {n: 1, list: [1, 2]}}}
    steps: [approve by qc_manager]
    expect:
      state: approved
      done: true
      data: {severity: minor, detail: {n: 1, list: [1, 2]}}
      emitted: [review.submitted, review.approved]
      tasks: []
""")

    assert result.problems == []
    assert result.passed
    assert result.to_json() == {"name": "approved", "passed": True, "problems": [], "state": ["approved"]}


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("{state: rejected}", "state: expected rejected, but is submitted"),
        ("{state: [submitted, rejected]}", "state: expected rejected, submitted, but is submitted"),
        ("{data: {severity: major}}", 'data.severity: expected "major", but is "minor"'),
        ("{data: {severity: minor, note: x}}", 'data.note: expected "x", but is nothing'),
        ("{data: {detail: {n: 2}}}", "data.detail.n: expected 2, but is 1.0"),
        ("{data: {detail: {list: [1]}}}", "data.detail.list: expected [1], but is [1, 2]"),
        ("{data: {detail: {n: true}}}", "data.detail.n: expected true, but is 1.0"),
        ("{emitted: []}", "emitted: expected nothing, but is review.submitted"),
        ("{tasks: [mailing]}", "tasks: expected mailing, but is submitted"),
        ("{done: true}", "done: expected true, but is false"),
    ],
)
def test_a_wrong_expectation_is_told_with_both_sides(expect: str, problem: str) -> None:
    result = only(f"""
  - name: wrong
    start: {{data: {{detail: {{n: 1, list: [1, 2]}}}}}}
    expect: {expect}
""")

    assert result.problems == [problem]


def test_all_wrong_expectations_are_told_at_once() -> None:
    result = only("""
  - name: wrong
    expect: {state: approved, done: true, tasks: []}
""")

    assert len(result.problems) == 3


def test_a_step_that_is_refused_ends_the_scenario_with_the_reason() -> None:
    result = only("""
  - name: refused
    steps: [approve by operator, reject by qc_manager]
    expect: {state: approved}
""")

    assert result.problems == [
        "step 1 `approve by operator`: refused: 403 FORBIDDEN: This task is assigned to QC Manager, not you"
    ]


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ("{refused: approve, by: operator}", None),
        ("{refused: approve, by: operator, with: FORBIDDEN}", None),
        ("{refused: reject, by: qc_manager, with: VALIDATION_ERROR}", None),
        ("{refused: approve, by: qc_manager}", "expected a refusal, but it is possible"),
        ("{refused: approve, by: operator, with: STILL_ON_HOLD}", "expected the refusal STILL_ON_HOLD, but got 403"),
    ],
)
def test_refusals_are_expected_with_their_code(step: str, problem: str | None) -> None:
    result = only(f"""
  - name: refusals
    steps: [{step}]
""")

    if problem is None:
        assert result.problems == []
    else:
        assert problem in result.problems[0]


def test_facts_are_as_the_scenario_says_and_may_change() -> None:
    result = only("""
  - name: facts
    facts: {holds: [{process: ncr_report}]}
    steps:
      - {refused: approve, by: qc_manager, with: STILL_ON_HOLD}
      - {facts: {holds: []}}
      - approve by qc_manager
    expect: {state: approved}
""")

    assert result.problems == []


def test_actions_succeed_by_themselves_unless_a_later_step_reports_them() -> None:
    results, _ = run("""
  - name: fails once
    steps:
      - approve by qc_manager
      - {failed: mail, error: {code: TIMEOUT}}
      - approve by qc_manager
      - {done: mail}
    expect: {state: approved}
  - name: nothing is reported
    auto: false
    steps: [approve by qc_manager]
    expect: {state: mailing}
""")

    assert [result.problems for result in results] == [[], []]


def test_a_report_on_what_is_not_pending_is_a_problem() -> None:
    result = only("""
  - name: early
    steps: [{done: mail}]
""")

    assert result.problems == ["step 1 `done mail`: NOT_FOUND: no action 'mail' is pending; pending: none"]


def test_time_passes() -> None:
    result = only("""
  - name: late
    steps: [{advance: PT47H}, {advance: PT1H}]
    expect: {state: rejected, done: true}
""")

    assert result.problems == []


def test_a_start_that_is_refused_is_a_problem() -> None:
    result = only("""
  - name: stranger
    start: {by: qc_manager}
""")

    assert result.problems == ["start: refused: 403 FORBIDDEN: Only Inspector or Operator may start Review, not you"]


def test_start_data_that_break_the_schema_are_a_problem() -> None:
    result = only("""
  - name: wrong data
    start: {data: {severity: enormous}}
""")

    assert result.problems[0].startswith("start: DATA_INVALID: ")


def test_an_incident_is_never_overlooked() -> None:
    process = """
process: parent
version: "1.0.0"
title: Parent
start: {by: [anyone]}
states:
  working:
    child: {start: piece}
    done: {to: finished}
  finished: {final: true}
"""
    results, _ = run("""
  - name: the child fails
    steps: [{child: 0, error: {message: the tool broke}}]
    expect: {state: working}
""", process)  # fmt: skip

    assert results[0].problems == ["incident in working: the tool broke"]


def test_coverage_counts_every_transition_and_names_those_missing() -> None:
    """Also those of timers and actions; taken by any scenario is enough."""
    _, coverage = run("""
  - name: approved
    steps: [approve by qc_manager]
  - name: rejected
    steps: [{transition: reject, by: qc_manager, data: {comment: no}}]
""")

    assert (coverage.covered, coverage.total, coverage.percent) == (3, 5, 60.0)
    assert [item["label"] for item in coverage.uncovered] == ["after 48 h", "mail failed"]
    assert coverage.uncovered[0]["target"] == "rejected"


def test_coverage_never_rounds_up_to_all() -> None:
    assert Coverage(10_000, 9_999).percent == 99.9
    assert Coverage(0, 0).percent == 100.0


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("qc_manager", ("qc_manager", ("qc_manager",), ("qc_manager",))),
        ("role:qc_manager", ("qc_manager", ("qc_manager",), ())),
        ("user:anna", ("anna", (), ())),
        ("group:day_shift", ("day_shift", (), ("day_shift",))),
    ],
)
def test_a_name_stands_for_user_role_and_group(by: str, expected: Any) -> None:
    actor = actor_of(by)

    assert (actor.username, actor.roles, actor.groups) == expected
    assert actor.kind == "user"


def test_nobody_named_is_the_system() -> None:
    assert actor_of(None) is SYSTEM
    assert actor_of("system") is SYSTEM
    assert first_starter(("system",)) is SYSTEM
    assert first_starter(()) is SYSTEM
    assert first_starter(("system", "role:planner")).roles == ("planner",)
    assert first_starter(("anyone",)).kind == "user"
