"""Type-checks expressions: a check-only CEL environment beside the one that evaluates.

Objects are declared as messages here, so that an unknown field or a type mismatch is found before anything runs;
at run time the same names hold plain JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel  # type: ignore[import-untyped]  # no py.typed
from cel_expr_python.ext import ext_math, ext_strings  # type: ignore[import-untyped]  # no py.typed

from workflows.definition.typing.messages import PACKAGE, WRAPPERS, Messages
from workflows.definition.typing.shapes import DYN, NULL, Shape

_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_SCALARS: dict[str, Any] = {
    "string": cel.Type.STRING,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "bool": cel.Type.BOOL,
    "null": cel.Type.NULL,
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error of the CEL compiler; line and column count from 1 inside the expression."""

    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Typed:
    """The outcome of a check: complaints, or the type."""

    complaints: tuple[Complaint, ...] = ()
    type: Any = None
    """`cel.Type`, to declare another variable with."""

    @property
    def name(self) -> str:
        """`STRING`, `LIST<INT>`, `TIMESTAMP`, or the name of a message."""
        return str(self.type.name()) if self.type is not None else "DYN"


class TypeChecker:
    """Checks the expressions of one definition; environments are made once per set of variables."""

    def __init__(self, messages: Messages, fixed: Mapping[str, Shape]) -> None:
        """`messages` must know every shape that will be used; `fixed` are the names every expression may read."""
        self._messages = messages
        self._pool = messages.pool()
        self._fixed = {name: self._type(shape) for name, shape in fixed.items()} | {"now": cel.Type.TIMESTAMP}
        self._environments: dict[tuple[bool, tuple[tuple[str, int], ...]], tuple[Any, list[Any]]] = {}
        self._known: dict[tuple[int, str], Typed] = {}

    def check(self, source: str, variables: Mapping[str, Shape | Typed], *, bare: bool = False) -> Typed:
        """The type of an expression in which these further names may be read; `bare`: only these."""
        environment = self._environment(variables, bare)
        key = id(environment), source
        if key not in self._known:
            self._known[key] = _compile(environment, source)
        return self._known[key]

    def described(self, message: str) -> tuple[str, list[str]]:
        """What a message is called in the definition, and its fields."""
        return self._messages.names.get(message, "it"), list(self._messages.shapes[message].fields)

    def shape(self, typed: Typed) -> Shape:
        """The shape of a checked expression."""
        return self._shape(typed.name)

    def _environment(self, variables: Mapping[str, Shape | Typed], bare: bool) -> Any:
        types = {name: self._type(item) if isinstance(item, Shape) else item.type for name, item in variables.items()}
        key = bare, tuple((name, id(item)) for name, item in variables.items())
        if key not in self._environments:
            environment = cel.NewEnv(
                descriptor_pool=self._pool,
                variables=types if bare else {**self._fixed, **types},
                extensions=[ext_strings.ExtStrings(), ext_math.ExtMath()],
            )
            # The items are kept, or their identities could be given to others.
            self._environments[key] = environment, list(variables.values())
        return self._environments[key][0]

    def _type(self, shape: Shape) -> Any:
        if shape.kind in WRAPPERS and shape.nullable:
            return cel.Type(f"google.protobuf.{WRAPPERS[shape.kind]}")
        if shape.kind in _SCALARS:
            return _SCALARS[shape.kind]
        if shape.kind == "object":
            return cel.Type(shape.message)
        if shape.items is not None and not shape.nullable:
            items = self._type(shape.items)
            return cel.Type.List(items) if shape.kind == "list" else cel.Type.Map(cel.Type.STRING, items)
        return cel.Type.DYN

    def _shape(self, name: str) -> Shape:
        if name in _NAMES:
            return _NAMES[name]
        if name.startswith(f"{PACKAGE}."):
            return self._messages.shapes[name]
        if name.startswith("LIST<"):
            return Shape("list", items=self._shape(name[5:-1]))
        if name.startswith("MAP<"):
            key, _, value = name[4:-1].partition(", ")
            return Shape("map", items=self._shape(value)) if key in ("STRING", "DYN") else DYN
        return DYN


_NAMES = {
    "STRING": Shape("string"),
    "INT": Shape("int"),
    "DOUBLE": Shape("double"),
    "BOOL": Shape("bool"),
    "NULL": NULL,
    "TIMESTAMP": Shape("string"),
    "DURATION": Shape("string"),
}


def _compile(environment: Any, source: str) -> Typed:
    try:
        return Typed(type=environment.compile(source).return_type())
    except RuntimeError as problem:
        found = tuple(
            Complaint(int(line), int(column), text.removesuffix(" [INVALID_ARGUMENT]"))
            for line, column, text in _ERROR.findall(str(problem))
        )
        return Typed(complaints=found or (Complaint(1, 1, str(problem).split("\n", 1)[0]),))
