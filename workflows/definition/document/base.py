"""Building blocks of the document model: nodes that gather every unknown key, and the spellings of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean

LATER = {
    "migrate": "migration of running instances",
    "effectivity": "effectivity",
    "deprecated": "deprecation",
}
"""Keywords of the language that this version refuses by name instead of as unknown."""

WORKING_TIME = re.compile(r"\d+(\.\d+)?\s+working\s+(hours?|days?|minutes?)", re.IGNORECASE | re.ASCII)


@dataclass(slots=True)
class KeyProblem:
    """A key of a mapping that its model does not have."""

    path: Path
    code: str
    message: str
    suggestion: str | None


@dataclass(slots=True)
class Context:
    """Given to validation; gathers what pydantic cannot report without hiding the rest."""

    paths: Mapping[int, Path] = field(default_factory=dict)
    """Identity of a mapping -> where it stands in the file."""
    problems: list[KeyProblem] = field(default_factory=list)


class Node(BaseModel):
    """A mapping of the file. Unknown keys are gathered in the context and left out; without one they are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    what: ClassVar[str] = "this mapping"
    """What the mapping is called in messages."""

    _path: Path = PrivateAttr(default=())

    @property
    def path(self) -> Path:
        """Where the mapping stands in the file."""
        return self._path

    @model_validator(mode="wrap")
    @classmethod
    def _gather_unknown(cls, raw: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(raw, cls):
            return raw
        if not isinstance(raw, dict):
            raise PydanticCustomError("mapping", "{what} is a mapping", {"what": cls.what})
        if not isinstance(info.context, Context):
            return handler(raw)
        path, known = info.context.paths.get(id(raw), ()), cls.keys()
        empty = [key for key in raw if raw[key] is None and key in cls._optional()]
        info.context.problems.extend(cls._unknown((*path, key), key, known) for key in raw if key not in known)
        info.context.problems.extend(_empty((*path, key), key) for key in empty)
        node = handler({key: value for key, value in raw.items() if key in known and key not in empty})
        node._path = path
        return node

    @classmethod
    def _unknown(cls, path: Path, key: str, known: list[str]) -> KeyProblem:
        if key in LATER:
            return KeyProblem(path, "J105", f"`{key}`: {LATER[key]}: not supported yet", None)
        hint = did_you_mean(key, known)
        if re.search(r"[^\w.-]", key):
            hint = "put an expression with a comma, a colon or a brace in quotes"
        return KeyProblem(path, "J101", f"{cls.what} has no key `{key}`", hint or "known: " + ", ".join(known))

    @classmethod
    def _optional(cls) -> list[str]:
        """Keys that may be left out, but not be left empty."""
        fields = cls.model_fields.items()
        return [info.alias or name for name, info in fields if info.default is None and info.annotation is not Any]

    @classmethod
    def keys(cls) -> list[str]:
        """The keys as written in YAML, in the order of the manual."""
        return [info.alias or name for name, info in cls.model_fields.items()]


def _empty(path: Path, key: str) -> KeyProblem:
    return KeyProblem(path, "J103", f"`{key}` is empty", "give it a value, or leave the key out")


MOST_ITEMS = 100
"""Alternatives under one code, targets of one transition."""


class _ItemOrList:
    """In the JSON Schema a single item stands beside the list."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        plain = handler(schema)
        return {"anyOf": [plain["items"], plain]}


def _listed(raw: Any) -> Any:
    return raw if isinstance(raw, list) else [raw]


ONE_OR_MORE = (Field(min_length=1, max_length=MOST_ITEMS), BeforeValidator(_listed), _ItemOrList())
"""Metadata of a list that may be written as its only item."""


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise PydanticCustomError("name", "`{text}` is not {what}", {"text": text[:80], "what": what})
        return text

    return check


class Pattern:
    """A text of a given form, with the form in the JSON Schema too."""

    def __init__(self, pattern: str, what: str) -> None:
        self.pattern = pattern
        self.check = _matching(pattern, what)

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


def _schema_reference(raw: Any) -> Any:
    if isinstance(raw, str | dict):
        return raw
    raise PydanticCustomError("schema", "a schema is the path of a file, or a mapping")


STATE_ID = r"[A-Za-z_][A-Za-z0-9_.-]*"
NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
CODE = r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*"

Name = Annotated[str, Pattern(NAME, "a name: letters, digits, `_` and `-`, not starting with a digit")]
"""Name of a state or an id."""
Code = Annotated[str, Pattern(CODE, "a name: letters, digits, `_`, `-` and dots between")]
"""Transition code, event, action."""
Identifier = Annotated[str, Pattern(r"[A-Za-z_][A-Za-z0-9_]*", "a name that an expression can read")]
StateId = Annotated[str, Pattern(STATE_ID, "letters, digits, `_`, `-` and `.`, not starting with a digit")]
Target = Annotated[str, Pattern(CODE, "the name or path of a state")]
DataPath = Annotated[
    str, Pattern(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", "a path into the data such as `lot.number`")
]
Who = Annotated[
    str,
    Pattern(
        r"(?:role|group|user):[A-Za-z0-9_.@-]+|assignee|candidates|creator|system|anyone",
        "`role:NAME`, `group:NAME`, `user:NAME`, `assignee`, `candidates`, `creator`, `system` or `anyone`",
    ),
]
"""Who may take a transition."""
Candidate = Annotated[str, Pattern(r"(?:role|group|user):[A-Za-z0-9_.@-]+", "`role:NAME`, `group:NAME` or `user:NAME`")]
ErrorCode = Annotated[str, Pattern(r"[A-Z][A-Z0-9_]*", "an error code such as FAI_NOT_PASSED")]
Expression = str
"""CEL."""
Template = str
"""Text with `{CEL}` holes."""
DurationText = str
"""ISO 8601, or CEL that gives one."""
SchemaRef = Annotated[str | dict[str, Any], BeforeValidator(_schema_reference)]
"""Path of a JSON Schema beside the definition, or the schema itself."""
Values = dict[str, Any]
"""Name -> value: a text is CEL; numbers, booleans and null are literals; lists and mappings of these."""
