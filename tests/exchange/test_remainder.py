"""Parts of a program that exporters have no words for are carried along or refused, never lost."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, create_model

from tests.engine.charts import program, state, to
from workflows.definition import program as form
from workflows.definition.exchange import remainder as remainders
from workflows.definition.exchange.remainder import remainder
from workflows.definition.exchange.scxml_export import to_scxml
from workflows.definition.exchange.scxml_import import import_scxml
from workflows.definition.exchange.yaml_export import NotExpressible, to_yaml
from workflows.definition.program import Task, Text, Transition

SAMPLE = program(
    state(
        "a",
        to("b", event="go", code="go", title="Go", by=("anyone",)),
        title="Look here",
        task=Task(title=Text(parts=("Look",)), candidates=("role:operator",), priority=1),
    ),
    state("b", kind="final"),
)


@pytest.fixture(params=[(form.State, "title"), (form.Transition, "title"), (form.Task, "priority")])
def forgotten(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """As if a field had been added since the exporters were written."""
    model, name = request.param
    monkeypatch.setitem(remainders._WORDS, model, remainders._WORDS[model] - {name})
    return str(name)


def test_programs_of_today_leave_nothing_over() -> None:
    parts: list[BaseModel] = [SAMPLE, *SAMPLE.states, *SAMPLE.states[0].transitions]

    assert [remainder(part) for part in parts] == [{}, {}, {}, {}]


def test_scxml_carries_a_field_it_has_no_word_for(forgotten: str) -> None:
    written = to_scxml(SAMPLE)

    returned = import_scxml(written)

    assert "jidoka:other" in written
    assert forgotten in written
    assert returned.states == import_scxml(to_scxml(returned)).states
    assert returned.states[0].task == SAMPLE.states[0].task
    assert returned.states[0].transitions == SAMPLE.states[0].transitions


def test_yaml_refuses_a_field_it_has_no_word_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(remainders._WORDS, form.Task, remainders._WORDS[form.Task] - {"priority"})

    with pytest.raises(NotExpressible, match="a task: there are no words yet for priority"):
        to_yaml(SAMPLE)


def test_an_action_of_an_unknown_kind_is_carried_by_scxml_and_refused_by_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = program(state("a", entry=[form.Log(label="seen")]))
    known = {model: words for model, words in remainders._WORDS.items() if model is not form.Log}
    monkeypatch.setattr(remainders, "_WORDS", known)

    assert import_scxml(to_scxml(sample)).states == sample.states
    with pytest.raises(NotExpressible, match="no words yet for log"):
        to_yaml(sample)


def test_a_field_with_its_default_needs_no_word() -> None:
    newer: Any = create_model("Newer", __base__=Transition, quorum=(int | None, None))

    assert remainder(newer(id="x")) == {"id": "x"}
    assert remainder(newer(id="x", quorum=2))["quorum"] == 2


@pytest.mark.parametrize("text", ["{", "[1]", '{"priority": "high"}'])
def test_what_went_along_is_checked_on_the_way_back(text: str) -> None:
    from xml.sax.saxutils import quoteattr

    from workflows.domain.errors import InvalidInput

    written = to_scxml(SAMPLE).replace("<jidoka:task ", f"<jidoka:task jidoka:other={quoteattr(text)} ")

    with pytest.raises(InvalidInput, match="jidoka:other"):
        import_scxml(written)
