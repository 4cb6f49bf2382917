"""The SCION and W3C suites, imported from SCXML and played; each also with the snapshot reloaded after every step."""

from __future__ import annotations

from functools import cache

import pytest

from tests.conformance.not_convertible import LEGACY, NOT_CONVERTIBLE
from tests.conformance.player import play, wanted
from tests.conformance.suite import W3C, Case, cases
from workflows.definition.exchange.scxml_import import import_scxml
from workflows.definition.program import Program
from workflows.domain.errors import InvalidInput


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    wants_w3c = metafunc.function is test_w3c
    if "case" in metafunc.fixturenames:
        chosen = [
            case for name, case in cases().items() if name.startswith(W3C) is wants_w3c and name not in NOT_CONVERTIBLE
        ]
        metafunc.parametrize("case", chosen, ids=lambda case: case.name)


@cache
def imported(case: Case) -> Program:
    return import_scxml(case.scxml.read_bytes(), read_file=case.read)


@pytest.mark.parametrize("reload", [False, True], ids=["kept", "reloaded"])
def test_scion(case: Case, reload: bool) -> None:
    expected = case.expected["legacySemantics"] if case.name in LEGACY else case.expected

    assert play(imported(case), expected, reload=reload) == wanted(expected)


@pytest.mark.parametrize("reload", [False, True], ids=["kept", "reloaded"])
def test_w3c(case: Case, reload: bool) -> None:
    """What counts is the end, as in the W3C's own reports: configurations on the way are those of an interpreter in
    which undelayed sends arrive a moment later, while here they are part of the step."""
    assert play(imported(case), case.expected, reload=reload)[-1] == wanted(case.expected)[-1]


def test_what_is_not_convertible_is_known_exactly() -> None:
    refusals = {}
    for case in cases().values():
        try:
            imported(case)
        except InvalidInput as refused:
            refusals[case.name] = refused.message

    assert sorted(refusals) == sorted(NOT_CONVERTIBLE)
    assert [name for name, message in refusals.items() if not message.startswith("line ")] == []


def test_the_suite_is_complete() -> None:
    w3c = [name for name in cases() if name.startswith(W3C)]

    assert (len(cases()) - len(w3c), len(w3c)) == (127, 189)


def test_an_imported_program_survives_its_canonical_form() -> None:
    for name in ("history/history5", "foreach/test1", "send-data/send1"):
        program = imported(cases()[name])
        assert Program.from_canonical(program.canonical()) == program
