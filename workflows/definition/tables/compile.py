"""Decision tables: from their document to their compiled form. Notes their expressions for the type check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.definition.expressions import SCOPE, reads, tables_read
from workflows.definition.lower.context import Lowering, Names
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean
from workflows.definition.tables.cells import test_of, written
from workflows.definition.tables.document import RuleNode, TableNode
from workflows.definition.tables.form import Condition, Rule, Table, Test
from workflows.definition.typing.fit import coerced
from workflows.definition.typing.shapes import DYN, shape_of


def lower_tables(lowering: Lowering) -> dict[str, Table]:
    return {name: _table(lowering, name, node) for name, node in lowering.document.tables.items()}


def cell_names(inputs: Mapping[str, str]) -> Names:
    """What cells and outputs may read: the inputs and nothing else."""
    return Names(extra=tuple(sorted(inputs)), types={name: f"[{inputs[name]}]" for name in inputs}, bare=True)


def _table(lowering: Lowering, name: str, node: TableNode) -> Table:
    inputs = {key: _input(lowering, key, source, (*node.path, "inputs", key)) for key, source in node.inputs.items()}
    outputs = {key: _output(lowering, kind, (*node.path, "outputs", key)) for key, kind in node.outputs.items()}
    names = cell_names(inputs)
    _aggregate(lowering, node)
    otherwise = node.otherwise
    return Table(
        title=node.title,
        hit=node.hit,
        inputs=inputs,
        outputs=outputs,
        rules=tuple(_rule(lowering, rule, inputs, outputs, names) for rule in node.rules),
        otherwise=_outcome(lowering, otherwise, (*node.path, "otherwise"), outputs, names)
        if otherwise is not None
        else None,
        aggregate=dict(node.aggregate),
    )


def _input(lowering: Lowering, name: str, source: str, path: Path) -> str:
    if name in SCOPE:
        message = f"an input cannot be called `{name}`: expressions read something else under that name"
        lowering.problem("J104", path, message, key=True)
    if reads(source, "event"):
        hint = "copy the field into the data first, with `keep` or `set`"
        lowering.problem("J303", path, "a decision table cannot read `event`", hint)
    if tables_read(source):
        hint = "`decide` that table `into` the data first"
        lowering.problem("J303", path, "a decision table cannot read another one", hint)
    return lowering.expression(source, path, Names())


def _output(lowering: Lowering, kind: str | dict[str, Any], path: Path) -> dict[str, Any]:
    if isinstance(kind, str):
        return {"type": kind}
    return lowering.schemas.load(kind, path) or {}


def _aggregate(lowering: Lowering, node: TableNode) -> None:
    path = (*node.path, "aggregate")
    if node.aggregate and node.hit != "collect":
        lowering.problem("J109", path, "`aggregate` goes only with `hit: collect`", key=True)
    for name, how in node.aggregate.items():
        if how == "count":
            continue
        kind = node.outputs.get(name)
        if kind is None:
            hint = did_you_mean(name, node.outputs) or f"known: {', '.join(node.outputs)}"
            lowering.problem("J705", (*path, name), f"the table has no output `{name}`", hint, key=True)
        elif (kind if isinstance(kind, str) else kind.get("type")) not in ("integer", "number"):
            lowering.problem("J705", (*path, name), f"`{how}` needs numbers, `{name}` gives none")


def _rule(
    lowering: Lowering, node: RuleNode, inputs: Mapping[str, str], outputs: Mapping[str, Any], names: Names
) -> Rule:
    when: dict[str, Test] = {}
    for name, raw in node.when.items():
        path = (*node.path, "when", name)
        if name not in inputs:
            hint = did_you_mean(name, inputs) or f"known: {', '.join(inputs)}"
            lowering.problem("J705", path, f"the table has no input `{name}`", hint, key=True)
            continue
        test = test_of(name, raw)
        if isinstance(test, Condition):
            # What was put before the text is not in the file: columns count from the text.
            offset = len(written(raw)) - len(test.source)
            lowering.expression(test.source, path, names, "bool", offset)
        if test is not None:
            when[name] = test
    return Rule(when=when, then=_outcome(lowering, node.then, (*node.path, "then"), outputs, names))


def _outcome(
    lowering: Lowering, raw: Mapping[str, Any], path: Path, outputs: Mapping[str, Any], names: Names
) -> dict[str, str]:
    """Every output of the table, no other one."""
    for name in raw:
        if name not in outputs:
            hint = did_you_mean(name, outputs) or f"known: {', '.join(outputs)}"
            lowering.problem("J705", (*path, name), f"the table has no output `{name}`", hint, key=True)
    found: dict[str, str] = {}
    for name, schema in outputs.items():
        if name not in raw:
            lowering.problem("J705", path, f"the output `{name}` is missing", key=True)
            continue
        value = coerced(raw[name], shape_of(schema) if schema else DYN)
        found[name] = written(value)
        _note(lowering, value, (*path, name), names)
    return found


def _note(lowering: Lowering, value: Any, path: Path, names: Names) -> None:
    """The expressions inside a value, for the type check."""
    if isinstance(value, str):
        lowering.expression(value, path, names)
    elif isinstance(value, list | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            _note(lowering, item, (*path, key), names)
