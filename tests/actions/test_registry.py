"""The registry: what may be called, with what, and what happens when it is not so."""

from __future__ import annotations

from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from activities.actions import catalogue
from activities.actions.context import ActivityCall, FactLook, SqlStep
from activities.actions.registry import Arguments, Nothing, Registry, default
from workflows.domain.errors import InvalidInput, Unavailable

CALL = cast("ActivityCall", None)
LOOK = cast("FactLook", None)


class Weigh(Arguments):
    part: str = Field(min_length=1)
    count: int = 1


class Weight(BaseModel):
    kilograms: float


@pytest.fixture
def registry() -> Registry:
    actions = Registry()

    @actions.activity("scale.weigh", title="Weigh", input=Weigh, output=Weight)
    async def weigh(call: ActivityCall, asked: Weigh) -> Weight:
        return Weight(kilograms=2.5 * asked.count)

    @actions.fact("scale.free", title="Free scales", input=Nothing, output=list[str])
    async def free(look: FactLook, asked: Nothing) -> list[str]:
        return ["S1"]

    return actions


async def test_arguments_are_validated_and_the_result_is_plain_json(registry: Registry) -> None:
    assert await registry.run_activity(CALL, "scale.weigh", {"part": "P", "count": 2.0}) == {"kilograms": 5.0}


async def test_a_fact_may_give_anything_that_has_a_schema(registry: Registry) -> None:
    assert await registry.resolve_fact(LOOK, "scale.free", {}) == ["S1"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "part"),
        ({"part": ""}, "part"),
        ({"part": 7}, "part"),
        ({"part": "P", "count": 1.5}, "count"),
        ({"part": "P", "colour": "red"}, "colour"),
    ],
)
async def test_arguments_that_do_not_fit_are_named(registry: Registry, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await registry.run_activity(CALL, "scale.weigh", arguments)

    assert [violation["field"] for violation in caught.value.violations] == [field]
    assert caught.value.details["action"] == "scale.weigh"


@pytest.mark.parametrize("name", ["scale.tare", "scale.free"])
async def test_an_unknown_action_is_waited_for_since_another_build_may_have_it(registry: Registry, name: str) -> None:
    with pytest.raises(Unavailable, match="this worker has no activity"):
        await registry.run_activity(CALL, name, {})


def test_one_name_is_registered_once(registry: Registry) -> None:
    other = Registry()

    @other.sql("scale.weigh", title="Weigh again", input=Nothing, output=Nothing)
    async def weigh(step: SqlStep, asked: Nothing) -> Nothing:
        return asked

    with pytest.raises(ValueError, match="registered twice"):
        Registry((registry, other))


def test_the_catalogue_shows_names_modes_and_schemas() -> None:
    signatures = catalogue().signatures

    modes = {name: signature.mode for name, signature in signatures.items()}
    assert modes == {
        "document.pdf": "activity",
        "holds.open_for": "fact",
        "http.request": "activity",
        "notify.email": "activity",
        "stock.hold": "sql",
        "stock.release": "sql",
        "webhook.deliver": "activity",
    }
    for signature in signatures.values():
        assert signature.title
        assert signature.input["type"] == "object"
        assert signature.input["additionalProperties"] is False
        Draft202012Validator.check_schema(signature.input)
        Draft202012Validator.check_schema(signature.output)


def test_the_product_has_one_registry() -> None:
    assert default() is default()
