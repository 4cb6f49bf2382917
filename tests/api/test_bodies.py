"""What a body may be: bounded, and JSON that every later part can hold."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.strict_request import strict_json
from tests.api.conftest import Plant
from workflows.domain.errors import InvalidInput

START = "/api/v1/workflows/nothing"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "range of a double"),
        (b'{"a": 9223372036854775808}', "64 bits"),
        (b'{"a": ' + b"9" * 5000 + b"}", "64 bits"),
        (b'{"a": "x\\u0000y"}', "NUL"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": 1, "a": 2}', "repeats the key 'a'"),
        (b"[" * 100 + b"]" * 100, "nested deeper"),
        (b"[" * 30000, "nested deeper|not JSON"),
    ],
)
def test_json_that_could_not_be_stored_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        strict_json(raw)


def test_json_that_can_be_stored_is_taken_as_it_is() -> None:
    assert strict_json('{"a": [1, -2.5, null, true, "é😀", 9223372036854775807]}'.encode()) == {
        "a": [1, -2.5, None, True, "é😀", 9223372036854775807]
    }


async def test_a_command_over_64_kb_is_refused_with_413(plant: Plant) -> None:
    client = await plant.as_("operator")

    answer = await client.post(START, json={"data": {"text": "x" * 70_000}})

    assert answer.status_code == 413
    assert answer.json()["code"] == "PAYLOAD_TOO_LARGE"
    assert answer.json()["facts"] == {"limit_bytes": 65536}


async def test_a_body_that_does_not_say_how_long_it_is_is_bounded_too(plant: Plant) -> None:
    client = await plant.as_("operator")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 1000

    answer = await client.post(START, content=endless(), headers={"Content-Type": "application/json"})

    assert answer.status_code == 413


async def test_a_definition_may_be_larger_than_a_command_but_not_without_end(plant: Plant) -> None:
    client = await plant.as_("admin")
    headers = {"Content-Type": "application/yaml"}

    large = await client.post("/api/v1/definitions/validate", content="# " + "x" * 300_000, headers=headers)
    huge = await client.post("/api/v1/definitions/validate", content="# " + "x" * 600_000, headers=headers)

    assert (large.status_code, huge.status_code) == (200, 413)


async def test_bad_json_is_400_in_the_contract_s_form(plant: Plant) -> None:
    client = await plant.as_("operator")
    headers = {"Content-Type": "application/json"}

    platform = await client.post(START, content=b'{"data": NaN}', headers=headers)
    unison = await client.post(
        "/api/v1/workflows/ncr_report/1/transition/approve", content=b'{"comment": "\\u0000"}', headers=headers
    )

    assert platform.status_code == 400
    assert platform.json()["details"][0]["field"] == "body"
    assert unison.status_code == 400
    assert unison.json()["error"] == "Validation failed"
    assert unison.json()["details"] == [{"field": "body", "message": "contains a NUL character"}]


async def test_no_credential_is_told_before_anything_is_read(plant: Plant) -> None:
    answer = await plant.client.post(START, content=b"{", headers={"Content-Type": "application/json"})

    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/workflows?q=%00", "/api/v1/workflows/x%00y", "/api/v1/workflows/x/a%00"])
async def test_nul_in_an_address_is_refused(plant: Plant, path: str) -> None:
    answer = await (await plant.as_("operator")).get(path)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "per_page=101", "page=99999999999999999999", "created_from=yesterday", "q=" + "x" * 300],
)
async def test_query_parameters_out_of_range_are_refused_with_their_name(plant: Plant, query: str) -> None:
    answer = await (await plant.as_("operator")).get(f"/api/v1/workflows?{query}")

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"].split(".")[0] == query.partition("=")[0]


async def test_unknown_fields_of_a_body_are_refused(plant: Plant) -> None:
    answer = await (await plant.as_("operator")).post(START, json={"data": {}, "numbr": "X"})

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "numbr"
