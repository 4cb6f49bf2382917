"""Definitions: look at, check, publish."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ValidationError

from api.contracts.platform import examples, translate
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.schemas import (
    DefinitionDetailView,
    DefinitionInput,
    DefinitionList,
    PublishedView,
    Validation,
    VersionList,
)
from api.deps import Asked, From, Who
from api.operation import DEFINITION_BYTES, operation
from workflows.domain.errors import Conflict, InvalidInput, NotFound

router = APIRouter(prefix="/api/v1/definitions", route_class=PlatformRoute)

Process = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]*$",
        max_length=100,
        description="Name of the process.",
        examples=["ncr_report"],
    ),
]
Version = Annotated[str | None, Query(max_length=50, description="Semantic version; left out: the version in force.")]

_MISSING = NotFound("no process ncr", code="NO_SUCH_PROCESS")
_INVALID = InvalidInput(
    "The definition has 1 error; the first: unknown key 'when_not'",
    code="DEFINITION_INVALID",
    details={"diagnostics": [examples.DIAGNOSTIC]},
)
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": DefinitionInput.model_json_schema()},
            "application/yaml": {"schema": {"type": "string"}, "example": examples.YAML},
        },
    }
}


@router.get("", response_model=DefinitionList)
@operation("definition.read", response=examples.DEFINITIONS)
async def list_definitions(who: Who, asked: Asked) -> dict[str, Any]:
    """The version in force of each process."""
    found = await asked.definitions.list_definitions(who.tenant)
    return {"definitions": [translate.definition(item) for item in found]}


@router.post("/validate", response_model=Validation, openapi_extra=_BODY)
@operation(
    "definition.validate",
    repeat="harmless",
    limit=DEFINITION_BYTES,
    request=examples.DEFINITION,
    response=examples.VALIDATION,
)
async def validate(request: Request, asked: Asked) -> dict[str, Any]:
    """Everything that is wrong with a definition, at once: code, place, message, suggestion. Nothing is stored.

    The body is the YAML itself (`application/yaml`), or JSON with `yaml` and the `files` that it names.
    """
    given = await _given(request)
    compiled = await asked.definitions.validate(given.yaml, files=given.files)
    program = compiled.program
    return {
        "valid": program is not None,
        "process": program.process if program else None,
        "version": program.version if program else None,
        "digest": program.digest if program else None,
        "diagnostics": [item.to_json() for item in compiled.diagnostics],
    }


@router.post("", status_code=201, response_model=PublishedView, openapi_extra=_BODY)
@operation(
    "definition.publish",
    limit=DEFINITION_BYTES,
    request=examples.DEFINITION,
    response=examples.PUBLISHED,
    errors=(
        _INVALID,
        Conflict("ncr_report 1.0.0 is published with other content; raise the version", code="VERSION_EXISTS"),
    ),
)
async def publish(request: Request, response: Response, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Put a version in force; running instances keep theirs. The same content again answers 200 and changes nothing.

    The body is that of `/validate`.
    """
    given = await _given(request)
    published = await asked.definitions.publish(
        who.tenant, given.yaml, actor=who.actor, files=given.files, changelog=given.changelog
    )
    version = published.version
    if published.created:
        after = {"version": version.version, "digest": version.digest, "changelog": given.changelog}
        entry = origin.entry("definition.publish", who.actor, ("definition", version.process), after=after)
        await asked.audit.record(who.tenant, entry)
    else:
        response.status_code = 200
    return translate.definition(version) | {"created": published.created, "warnings": published.warnings}


@router.get("/{process}", response_model=DefinitionDetailView)
@operation("definition.read", response=examples.DEFINITION_DETAIL, errors=(_MISSING,))
async def get_definition(process: Process, who: Who, asked: Asked, version: Version = None) -> dict[str, Any]:
    """One version in full: its YAML, the files it names, and the compiled form."""
    found = await asked.definitions.get(who.tenant, process, version)
    return translate.definition(found.version) | {
        "source": found.source,
        "files": found.files,
        "program": found.program.model_dump(mode="json", by_alias=True),
    }


@router.get("/{process}/versions", response_model=VersionList)
@operation("definition.read", response=examples.VERSIONS, errors=(_MISSING,))
async def versions(process: Process, who: Who, asked: Asked) -> dict[str, Any]:
    """All versions, the one published last first."""
    found = await asked.definitions.versions(who.tenant, process)
    return {"versions": [translate.definition(item) for item in found]}


async def _given(request: Request) -> DefinitionInput:
    """The definition of a request, whichever of the two forms it has."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return _from_json(await request.json())
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as problem:
        raise _refused("body", "is not UTF-8") from problem
    if not text.strip():
        raise _refused("body", "is empty; send the YAML, or JSON with `yaml`")
    return DefinitionInput(yaml=text)


def _from_json(raw: Any) -> DefinitionInput:
    try:
        return DefinitionInput.model_validate(raw)
    except ValidationError as problem:
        violations = [
            {"field": ".".join(map(str, item["loc"])) or "body", "value": None, "constraint": item["msg"]}
            for item in problem.errors()
        ]
        first = violations[0]
        raise InvalidInput(f"{first['field']}: {first['constraint']}", violations=violations) from problem


def _refused(field: str, constraint: str) -> InvalidInput:
    violation = {"field": field, "value": None, "constraint": constraint}
    return InvalidInput(f"The {field} {constraint}", violations=[violation])
