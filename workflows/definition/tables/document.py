"""Decision tables as they are written, in a file of their own or inside a definition."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from workflows.definition.document.base import Expression, Identifier, Name, Node

TYPES = ("string", "integer", "number", "boolean")


def _output_type(raw: Any) -> Any:
    if raw in TYPES or isinstance(raw, dict):
        return raw
    raise PydanticCustomError(
        "schema", "the type of an output is {types} or a JSON Schema", {"types": ", ".join(TYPES)}
    )


OutputType = Annotated[
    str | dict[str, Any],
    BeforeValidator(_output_type),
    WithJsonSchema({"anyOf": [{"enum": list(TYPES)}, {"type": "object", "additionalProperties": True}]}),
]


class RuleNode(Node):
    what: ClassVar[str] = "a rule of a decision table"
    when: dict[Identifier, Any] = Field(default_factory=dict)
    """Input -> what it must be; inputs left out may be anything."""
    then: dict[Identifier, Any]
    """Output -> value: a text is CEL over the inputs."""
    description: str | None = None


class TableNode(Node):
    what: ClassVar[str] = "a decision table"
    table: Name | None = None
    """Name of the table, for people; expressions use the name it has in the process."""
    title: str | None = None
    description: str | None = None
    hit: Literal["unique", "first", "collect"] = "unique"
    """unique: at most one rule holds; first: the first that holds counts; collect: all that hold."""
    inputs: Annotated[dict[Identifier, Expression], Field(min_length=1)]
    """Name in the cells -> CEL that gives its value."""
    outputs: Annotated[dict[Identifier, OutputType], Field(min_length=1)]
    """Name -> type."""
    rules: Annotated[list[RuleNode], Field(min_length=1, max_length=1000)]
    """In the order of which they are called 1, 2, 3 … in messages."""
    otherwise: dict[Identifier, Any] | None = None
    """Outputs when no rule holds; left out: the decision is refused then."""
    aggregate: dict[Identifier, Literal["sum", "min", "max", "count"]] = Field(default_factory=dict)
    """Only with `hit: collect`: output -> how its values become one; `count` counts the rules that hold."""


class _OrPath:
    """In the JSON Schema the path of a file stands beside the table."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


TableReference = Annotated[TableNode, _OrPath()]
"""A table, or the path of its file beside the definition; `files` has put the table in the place of the path."""
