"""Definitions over REST: checked, published, read."""

from __future__ import annotations

import pytest

from api.contracts.platform.examples import YAML
from tests.api.conftest import Plant

WHERE = "/api/v1/definitions"
AS_YAML = {"Content-Type": "application/yaml"}


async def test_the_example_of_the_description_is_valid(plant: Plant) -> None:
    answer = await (await plant.as_("operator")).post(f"{WHERE}/validate", content=YAML, headers=AS_YAML)

    said = answer.json()
    assert answer.status_code == 200
    assert (said["valid"], said["process"], said["version"]) == (True, "door", "1.0.0")
    assert [item for item in said["diagnostics"] if item["severity"] == "error"] == []


@pytest.mark.parametrize("content_type", ["application/yaml", "text/plain", "text/yaml; charset=utf-8", None])
async def test_all_errors_of_a_definition_are_told_at_once_with_their_places(
    plant: Plant, content_type: str | None
) -> None:
    broken = YAML.replace("opened, by", "nowhere, by").replace("title:", "titel:")
    headers = {"Content-Type": content_type} if content_type else {}

    answer = await (await plant.as_("operator")).post(f"{WHERE}/validate", content=broken.encode(), headers=headers)

    said = answer.json()
    assert answer.status_code == 200
    assert not said["valid"]
    lines = {item["line"] for item in said["diagnostics"] if item["severity"] == "error"}
    assert {3, 9} <= lines


async def test_json_may_carry_the_files_that_a_definition_names(plant: Plant) -> None:
    yaml = YAML.replace("initial:", "data: door.json\ninitial:")
    client = await plant.as_("operator")

    without = (await client.post(f"{WHERE}/validate", json={"yaml": yaml})).json()
    files = {"door.json": '{"type": "object", "properties": {"code": {"type": "string"}}}'}
    together = (await client.post(f"{WHERE}/validate", json={"yaml": yaml, "files": files})).json()

    assert (without["valid"], together["valid"]) == (False, True)


@pytest.mark.parametrize("raw", [b"", b"   ", b"\xff\xfe"])
async def test_an_unreadable_body_is_400(plant: Plant, raw: bytes) -> None:
    answer = await (await plant.as_("operator")).post(f"{WHERE}/validate", content=raw, headers=AS_YAML)

    assert answer.status_code == 400


async def test_an_alias_bomb_is_a_diagnostic(plant: Plant) -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

    answer = await (await plant.as_("operator")).post(f"{WHERE}/validate", content=bomb, headers=AS_YAML)

    assert answer.status_code == 200
    assert "J003" in {item["code"] for item in answer.json()["diagnostics"]}


async def test_a_definition_is_published_and_read_back(plant: Plant) -> None:
    admin = await plant.as_("admin")

    published = await admin.post(WHERE, json={"yaml": YAML, "changelog": "First version"})
    detail = (await admin.get(f"{WHERE}/door")).json()
    listed = (await admin.get(WHERE)).json()["definitions"]
    versions = (await admin.get(f"{WHERE}/door/versions")).json()["versions"]

    assert published.status_code == 201
    assert (detail["source"], detail["in_force"], detail["changelog"]) == (YAML, True, "First version")
    assert detail["program"]["process"] == "door"
    assert [item["version"] for item in listed] == ["1.0.0"]
    assert [item["published_by"] for item in versions] == ["admin"]


async def test_publishing_the_same_again_answers_200_and_other_content_409(plant: Plant) -> None:
    admin = await plant.as_("admin")
    await admin.post(WHERE, json={"yaml": YAML})

    same = await admin.post(WHERE, content=YAML, headers=AS_YAML)
    other = await admin.post(WHERE, json={"yaml": YAML.replace("title: Door", "title: Gate")})

    assert (same.status_code, same.json()["created"]) == (200, False)
    assert (other.status_code, other.json()["code"]) == (409, "VERSION_EXISTS")


async def test_an_invalid_definition_is_not_published_and_told_why(plant: Plant) -> None:
    answer = await (await plant.as_("admin")).post(WHERE, json={"yaml": "process: x\n"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "DEFINITION_INVALID"
    assert answer.json()["facts"]["diagnostics"]


async def test_publishing_is_on_record(plant: Plant) -> None:
    admin = await plant.as_("admin")
    await admin.post(WHERE, json={"yaml": YAML})

    entries = (await admin.get("/api/v1/audit-log", params={"action": "definition.publish"})).json()["entries"]

    assert [(entry["entityId"], entry["after"]["version"]) for entry in entries] == [("door", "1.0.0")]


@pytest.mark.parametrize("path", [f"{WHERE}/door", f"{WHERE}/door/versions", "/api/v1/workflows/door"])
async def test_another_tenant_s_process_does_not_exist(plant: Plant, other_plant: Plant, path: str) -> None:
    await (await other_plant.as_("admin")).post(WHERE, json={"yaml": YAML})

    answer = await (await plant.as_("admin")).get(path)

    assert answer.status_code == 404


async def test_the_unison_contract_lists_states_and_transitions(plant: Plant) -> None:
    admin = await plant.as_("admin")
    await admin.post(WHERE, json={"yaml": YAML})

    found = (await admin.get("/api/v1/workflows/definitions")).json()["definitions"]

    assert found == [
        {
            "entity_type": "door",
            "title": "Door",
            "version": "1.0.0",
            "states": ["closed", "opened"],
            "transitions": [
                {
                    "code": "open",
                    "title": "Open",
                    "from_state": "closed",
                    "to_states": ["opened"],
                    "by": ["anyone"],
                    "require": [],
                }
            ],
        }
    ]
