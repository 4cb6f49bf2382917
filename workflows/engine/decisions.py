"""Decision tables evaluated: inputs first, then rules in document order, then the outputs of those that hold.

Only conditions and computed outputs are CEL; the simple cells are compared as `definition/tables/matching` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from workflows.definition.expressions import Expression, Scope, compile_expression
from workflows.definition.tables.cells import NoLiteral, literal
from workflows.definition.tables.form import Condition, Table, Test
from workflows.definition.tables.matching import NotComparable, matcher
from workflows.domain.errors import ExpressionFailed, RuleRefused

_INT64 = 2**63
_Row = tuple[tuple[tuple[str, "_Holds"], ...], "_Outputs"]


class _Inputs:
    """The values of one decision; the scope for conditions and outputs is made when one of these asks."""

    __slots__ = ("_scope", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self._scope: Scope | None = None

    def scope(self) -> Scope:
        if self._scope is None:
            self._scope = Scope(self.values)
        return self._scope


_Holds = Callable[[Any, _Inputs], bool]


class DecisionTable:
    """A table of a Program made ready; shared by all instances, changed by none."""

    def __init__(self, name: str, table: Table) -> None:
        """Compile its expressions.

        Raises:
            InvalidInput: one of them is none.
        """
        self.name = name
        self._table = table
        self._inputs = [(key, compile_expression(source)) for key, source in table.inputs.items()]
        names = tuple(sorted(table.inputs))
        self._rows: list[_Row] = [
            (
                tuple((key, _holds(key, test, names)) for key, test in rule.when.items()),
                _Outputs(name, rule.then, table.outputs, names),
            )
            for rule in table.rules
        ]
        self._otherwise = _Outputs(name, table.otherwise, table.outputs, names) if table.otherwise is not None else None

    def decide(self, scope: Scope) -> Any:
        """The outputs for the values in scope: a record, or with `collect` what is collected.

        Raises:
            RuleRefused: `TABLE_NO_RULE`, no rule holds and there is no `otherwise`; `TABLE_NOT_UNIQUE`, several
                rules of a table with `unique` hold.
            ExpressionFailed: an input, a condition or an output could not be evaluated, or a cell compares what
                cannot be compared.
        """
        inputs = _Inputs({key: expression.value(scope) for key, expression in self._inputs})
        matched = self._matched(inputs)
        if not matched and self._otherwise is None:
            raise self._refused("TABLE_NO_RULE", "no rule holds", inputs, matched)
        if len(matched) > 1 and self._table.hit == "unique":
            rules = " and ".join(str(number) for number in matched)
            raise self._refused("TABLE_NOT_UNIQUE", f"rules {rules} hold, one may", inputs, matched)
        rows = [self._rows[number - 1][1] for number in matched]
        if not rows and self._otherwise is not None:
            rows = [self._otherwise]
        outputs = [row.give(inputs) for row in rows]
        if self._table.hit != "collect":
            return outputs[0]
        return self._aggregated(outputs, len(matched)) if self._table.aggregate else outputs

    def _matched(self, inputs: _Inputs) -> list[int]:
        """Numbers of the rules that hold, from 1; of `first` only the first."""
        values, found = inputs.values, []
        for number, (tests, _) in enumerate(self._rows, start=1):
            if all(holds(values[key], inputs) for key, holds in tests):
                found.append(number)
                if self._table.hit == "first":
                    break
        return found

    def _aggregated(self, outputs: Sequence[Mapping[str, Any]], count: int) -> dict[str, Any]:
        gathered: dict[str, Any] = {name: [record[name] for record in outputs] for name in self._table.outputs}
        for name, how in self._table.aggregate.items():
            gathered[name] = count if how == "count" else _AGGREGATES[how](gathered[name])
            if isinstance(gathered[name], int) and not -_INT64 <= gathered[name] < _INT64:
                raise _failed(self.name, f"the sum of `{name}` is too large", {})
        return gathered

    def _refused(self, code: str, reason: str, inputs: _Inputs, matched: list[int]) -> RuleRefused:
        return RuleRefused(
            f"decision table {self._table.title or self.name}: {reason}",
            code=code,
            details={"table": self.name, "inputs": inputs.values, "rules": matched},
        )


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {"sum": sum, "min": min, "max": max}


class _Outputs:
    """The outputs of a rule; literals are worked out once."""

    def __init__(
        self, table: str, sources: Mapping[str, str], schemas: Mapping[str, dict[str, Any]], names: tuple[str, ...]
    ) -> None:
        self._table = table
        self._fixed: dict[str, Any] = {}
        self._computed: list[tuple[str, Expression, Draft202012Validator]] = []
        for name, source in sources.items():
            try:
                self._fixed[name] = literal(source)
            except NoLiteral:
                validator = Draft202012Validator(schemas.get(name, {}))
                self._computed.append((name, compile_expression(source, names), validator))

    def give(self, inputs: _Inputs) -> dict[str, Any]:
        """A record that nobody changes later.

        Raises:
            ExpressionFailed: an output could not be evaluated, or is not of the type the table promises.
        """
        if not self._computed:
            return self._fixed
        scope = inputs.scope()
        record = dict(self._fixed)
        for name, expression, validator in self._computed:
            record[name] = expression.value(scope)
            problem = next(validator.iter_errors(record[name]), None)
            if problem is not None:
                reason = f"output `{name}`: {problem.message[:200]}"
                raise _failed(expression.source, f"{reason} (decision table {self._table})", inputs.values)
        return record


def _holds(name: str, test: Test, names: tuple[str, ...]) -> _Holds:
    if isinstance(test, Condition):
        expression = compile_expression(test.source, names)
        return lambda value, inputs: expression.holds(inputs.scope())
    matches = matcher(test)

    def holds(value: Any, inputs: _Inputs) -> bool:
        try:
            return matches(value)
        except NotComparable as problem:
            raise _failed(name, str(problem), inputs.values) from problem

    return holds


def _failed(expression: str, reason: str, inputs: Mapping[str, Any]) -> ExpressionFailed:
    return ExpressionFailed(
        f"expression {expression!r} could not be evaluated: {reason}",
        details={"expression": expression, "reason": reason, "inputs": dict(inputs)},
    )
