"""The API descriptions: valid OpenAPI 3.1, complete, and true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from api.app import CONTRACTS
from api.openapi import describe
from tests.api.conftest import Plant

NAMES = [contract.name for contract in CONTRACTS]
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def _document(*names: str) -> dict[str, Any]:
    chosen = [contract for contract in CONTRACTS if not names or contract.name in names]
    return describe(chosen, title="Test", version="1", description="")


DOCUMENT = _document()


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield path, method, operation


OPERATIONS = [pytest.param(path, operation, id=f"{method} {path}") for path, method, operation in _operations(DOCUMENT)]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _resolves(document: dict[str, Any], reference: str) -> bool:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    """For a schema of the document, with the document's components."""
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": DOCUMENT["components"], **schema}
    registry: Registry[Any] = Registry().with_resource("", Resource.from_contents(whole))
    return Draft202012Validator(whole, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(what, media type, content) of the request and all answers."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "request", media_type, content
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            yield status, media_type, content


# --- OpenAPI's own rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [(), *((name,) for name in NAMES)])
def test_documents_have_their_required_parts_and_all_references_lead_somewhere(names: tuple[str, ...]) -> None:
    document = _document(*names)

    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert {"title", "version"} <= set(document["info"])
    assert document["paths"]
    assert [reference for reference in _references(document) if not _resolves(document, reference)] == []


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in _operations(DOCUMENT)]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_parameters_are_declared_once_and_those_of_the_path_are_required(path: str, operation: dict[str, Any]) -> None:
    declared = [(item["in"], item["name"]) for item in operation.get("parameters", [])]
    in_path = {item["name"] for item in operation.get("parameters", []) if item["in"] == "path"}

    assert len(declared) == len(set(declared))
    assert in_path == set(re.findall(r"{(\w+)}", path))
    assert all(item["required"] for item in operation.get("parameters", []) if item["in"] == "path")
    assert all("schema" in item for item in operation.get("parameters", []))


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_every_answer_has_a_description_and_a_status_of_three_digits(path: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        assert re.fullmatch(r"[1-5]\d\d", status), path
        assert answer["description"]


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


# --- our own promises ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_every_operation_says_what_it_is_for_and_belongs_to_a_contract(path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"], path
    assert operation["tags"][0] in NAMES


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_every_body_has_an_example_that_fits_its_schema(path: str, operation: dict[str, Any]) -> None:
    for what, media_type, content in _contents(operation):
        if media_type == "application/pdf":
            continue
        examples = [content["example"]] if "example" in content else []
        examples += [example["value"] for example in content.get("examples", {}).values()]
        assert examples, f"{path} {what} {media_type}"
        for example in examples:
            problems = [error.message for error in _validator(content["schema"]).iter_errors(example)]
            assert problems == [], f"{path} {what}"


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_every_operation_documents_its_errors(path: str, operation: dict[str, Any]) -> None:
    statuses = set(operation["responses"])

    assert "503" in statuses
    assert "401" in statuses or operation["security"] == [], path
    if operation.get("parameters") or operation.get("requestBody"):
        assert statuses & {"400", "422"}
    if any(item["in"] == "path" for item in operation.get("parameters", [])):
        assert "404" in statuses


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_the_framework_s_own_error_form_is_never_promised(path: str, operation: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in str(operation), path


@pytest.mark.parametrize("name", [None, *NAMES])
async def test_descriptions_are_served_without_a_credential(plant: Plant, name: str | None) -> None:
    answer = await plant.client.get(f"/api/v1/openapi/{name}.json" if name else "/openapi.json")

    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")


async def test_an_unknown_contract_has_no_description(plant: Plant) -> None:
    assert (await plant.client.get("/api/v1/openapi/nothing.json")).status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_pages_that_load_scripts_from_elsewhere_are_not_served(plant: Plant, path: str) -> None:
    assert (await plant.client.get(path)).status_code == 404


async def test_the_root_page_names_the_descriptions_and_loads_nothing(plant: Plant) -> None:
    answer = await plant.client.get("/")

    assert answer.headers["content-type"].startswith("text/html")
    assert all(f"/api/v1/openapi/{name}.json" in answer.text for name in NAMES)
    assert not re.search(r"<(script|link|img|iframe)|https?://", answer.text)
