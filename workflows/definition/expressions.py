"""CEL behind a small interface; with `typing/environment.py` the only file that imports the CEL library.

A value is accepted only when evaluation gave a value: the library hands back errors *as values*, and an error
must never count as a boolean, a number or null. Expressions have no clock, no randomness and no I/O.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from cel_expr_python import cel  # type: ignore[import-untyped]  # no py.typed
from cel_expr_python.ext import ext_math, ext_strings  # type: ignore[import-untyped]  # no py.typed

from workflows.domain.errors import ExpressionFailed, InvalidInput

SCOPE = ("data", "event", "number", "now", "actor", "facts", "state", "children", "instance", "tables")
"""Names an expression may read besides those bound by `each … as`.

data: the instance's data · event: payload of the event being taken · number: business number ·
now: time of the step (timestamp, UTC) · actor: {id, name, roles, kind} · facts: {name: value} ·
state: ids of active states · children: list of {id, process, status, outcome, data, index} ·
instance: {id, process, tenant} · tables: {name: outputs}, each worked out when an expression reads it.
"""

_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_TABLES = re.compile(r"(?<![\w.])tables\b(?:\s*\.\s*([A-Za-z_]\w*))?", re.ASCII)


def reads(source: str, name: str) -> bool:
    """Whether an expression reads this name of the scope."""
    return name in source and re.search(rf"(?<![\w.]){name}\b", _STRINGS.sub('""', source)) is not None


def tables_read(source: str, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Names of the decision tables that an expression reads; "" where it reads `tables` as a whole.

    A name bound around the expression hides the tables, as it hides everything of its name.
    """
    if "tables" not in source or "tables" in extra:
        return ()
    return tuple(dict.fromkeys(_TABLES.findall(_STRINGS.sub('""', source))))


class Decides(Protocol):
    """A decision table made ready."""

    def decide(self, scope: Scope) -> Any:
        """Its outputs for the values in scope."""


class Scope:
    """Values bound to the names of `SCOPE` for the evaluations of one micro-step; converted to CEL once."""

    __slots__ = ("_activations", "_decided", "_tables", "variables")

    def __init__(self, variables: Mapping[str, Any], tables: Mapping[str, Decides] | None = None) -> None:
        self.variables = variables
        self._tables = tables
        self._activations: dict[int, Any] = {}
        self._decided: dict[tuple[str, ...], Scope] | None = None

    def activation(self, environment: Any) -> Any:
        key = id(environment)
        found = self._activations.get(key)
        if found is None:
            found = self._activations[key] = environment.Activation(dict(self.variables))
        return found

    def with_names(self, extra: Mapping[str, Any]) -> Scope:
        """A new scope that binds `extra` as well."""
        return Scope({**self.variables, **extra}, self._tables)

    def deciding(self, names: tuple[str, ...]) -> Scope:
        """This scope with the outputs of these decision tables, each worked out once; unknown ones are left out."""
        tables = self._tables or {}
        decided = self._decided = self._decided or {}
        if names not in decided:
            outputs = {name: tables[name].decide(self) for name in names if name in tables}
            decided[names] = Scope({**self.variables, "tables": outputs})
        return decided[names]


@lru_cache(maxsize=64)
def _environment(extra: tuple[str, ...]) -> Any:
    variables = dict.fromkeys((*SCOPE, *extra), cel.Type.DYN) | {"now": cel.Type.TIMESTAMP}
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings(), ext_math.ExtMath()])


class Expression:
    """A compiled CEL expression; type errors inside literals and unknown names were refused at compile time."""

    __slots__ = ("_environment", "_expression", "_tables", "source")

    def __init__(self, source: str, extra: tuple[str, ...] = ()) -> None:
        self.source = source
        self._tables = tables_read(source, extra)
        self._environment = _environment(extra)
        try:
            self._expression = self._environment.compile(source)
        except RuntimeError as problem:
            raise InvalidInput(f"expression {source!r}: {_first_line(problem)}") from problem

    def value(self, scope: Scope) -> Any:
        """The plain JSON value; timestamps become RFC 3339 strings in UTC.

        Raises:
            ExpressionFailed: evaluation gave an error value.
            RuleRefused: a decision table that it reads gave no outputs.
        """
        if self._tables:
            scope = scope.deciding(self._tables)
        result = self._expression.eval(scope.activation(self._environment))
        if result.type() == cel.Type.ERROR or result.type() == cel.Type.UNKNOWN:
            raise self._failed(str(result.value()), scope)
        return to_json(result.plain_value())

    def holds(self, scope: Scope) -> bool:
        """The truth of a guard.

        Raises:
            ExpressionFailed: evaluation gave an error, or anything but a boolean.
            RuleRefused: a decision table that it reads gave no outputs.
        """
        if self._tables:
            scope = scope.deciding(self._tables)
        result = self._expression.eval(scope.activation(self._environment))
        kind = result.type()
        if kind == cel.Type.BOOL:
            return bool(result.value())
        if kind in (cel.Type.ERROR, cel.Type.UNKNOWN):
            raise self._failed(str(result.value()), scope)
        raise self._failed(f"gave {kind.name()}, not a boolean", scope)

    def _failed(self, reason: str, scope: Scope) -> ExpressionFailed:
        inputs = {
            name: to_json(value) for name, value in scope.variables.items() if name in self.source and name != "now"
        }
        return ExpressionFailed(
            f"expression {self.source!r} could not be evaluated: {reason}",
            details={"expression": self.source, "reason": reason, "inputs": inputs},
        )


@lru_cache(maxsize=8192)
def compile_expression(source: str, extra: tuple[str, ...] = ()) -> Expression:
    """Compile once per source and extra names.

    Raises:
        InvalidInput: not an expression, or it reads an unknown name.
    """
    return Expression(source, extra)


def to_json(value: Any) -> Any:
    """A CEL result as plain JSON: timestamps as RFC 3339 in UTC, durations as seconds in ISO 8601."""
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.timedelta):
        return f"PT{value.total_seconds():g}S"
    return value


def _first_line(problem: Exception) -> str:
    text = str(problem).removeprefix("INVALID_ARGUMENT: ").removeprefix("ERROR: ")
    return text.split("\n", 1)[0].removeprefix("<input>:")
