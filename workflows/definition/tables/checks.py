"""Decision tables: cells and outputs of the right type, no case without a rule, no case with two where one is due."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

from workflows.definition.checks.types import Types
from workflows.definition.expressions import tables_read
from workflows.definition.lower.context import Lowering, Names
from workflows.definition.program import Program
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean
from workflows.definition.tables.cells import quoted
from workflows.definition.tables.compile import cell_names
from workflows.definition.tables.cover import OPAQUE, Case, Grid, TooMany, column, literals, orders
from workflows.definition.tables.document import TableNode
from workflows.definition.tables.form import Condition, Scalar, Table, Test
from workflows.definition.tables.typing import input_shape
from workflows.definition.typing.fit import coerced, misfits
from workflows.definition.typing.shapes import Shape, kind_of_value, shape_of

_MOST_OVERLAPS = 10
_MOST_SHOWN = 8
_TIMES = ("TIMESTAMP", "DURATION")
_ORDERED = ("string", "int", "double")


def check_tables(lowering: Lowering, types: Types, program: Program) -> None:
    for name, node in lowering.document.tables.items():
        _Check(lowering, types, name, node, program.tables[name]).run()
    _use(lowering)


def _use(lowering: Lowering) -> None:
    read: set[str] = set()
    for site in lowering.sites:
        named = tables_read(site.source, site.names.extra)
        if "" in named:
            lowering.problem("J303", site.path, "`tables` alone is no value", "name a table: `tables.NAME`")
        if named and not site.names.facts:
            hint = "`decide` in the entry of the first state"
            lowering.problem("J303", site.path, "decision tables cannot be read here", hint)
        read.update(named)
    for name in lowering.document.tables:
        if name not in read:
            lowering.problem("J605", ("tables", name), f"nothing reads the decision table `{name}`", key=True)


class _Check:
    """One table."""

    def __init__(self, lowering: Lowering, types: Types, name: str, node: TableNode, table: Table) -> None:
        self._lowering = lowering
        self._types = types
        self._name = name
        self._node = node
        self._table = table
        self._shapes = {key: input_shape(source, types) for key, source in table.inputs.items()}
        self._wrong = False

    def run(self) -> None:
        self._inputs()
        for position, rule in enumerate(self._table.rules):
            for name, test in rule.when.items():
                self._cell(name, test, (*self._node.rules[position].path, "when", name))
        self._outputs()
        if not self._wrong:
            self._cover()

    # --- types -----------------------------------------------------------------------------------------------

    def _problem(self, code: str, path: Path, message: str, hint: str | None = None) -> None:
        self._wrong = True
        self._lowering.problem(code, path, message, hint)

    def _inputs(self) -> None:
        for name, source in self._table.inputs.items():
            typed = self._types.check(source, Names())
            self._wrong = self._wrong or bool(typed.complaints)
            if typed.name in _TIMES:
                message = "a time or a duration cannot be an input"
                self._problem("J304", (*self._node.path, "inputs", name), message, "compare it in the input itself")

    def _cell(self, name: str, test: Test, path: Path) -> None:
        if isinstance(test, Condition):
            return
        shape = self._shapes[name]
        if shape.kind == "dyn":
            return
        if orders(test) and (shape.kind not in _ORDERED or None in literals(test)):
            self._problem("J302", path, f"`{name}` is {shape}: there is no smaller and greater")
            return
        for value in literals(test):
            self._literal(name, shape, value, path)

    def _literal(self, name: str, shape: Shape, value: Scalar, path: Path) -> None:
        kind = kind_of_value(value)
        if kind == "null":
            if not shape.nullable:
                self._problem("J305", path, f"`{name}` is never null")
        elif kind != shape.kind and not (kind == "int" and shape.kind == "double"):
            self._problem("J302", path, f"`{name}` is {shape}, not {quoted(value)}")
        elif shape.enum and value not in shape.enum:
            hint = did_you_mean(str(value), shape.enum) or f"known: {', '.join(shape.enum)}"
            self._problem("J305", path, f"`{name}` is never {quoted(value)}", hint)

    def _outputs(self) -> None:
        names = cell_names(self._table.inputs)

        def type_of(source: str, path: Path) -> Shape:
            return self._types.shape(source, names)

        blocks = [(rule.then, (*rule.path, "then")) for rule in self._node.rules]
        if self._node.otherwise is not None:
            blocks.append((self._node.otherwise, (*self._node.path, "otherwise")))
        for values, path in blocks:
            for name, raw in values.items():
                schema = self._table.outputs.get(name)
                if not schema:
                    continue
                shape = shape_of(schema)
                for at, message, hint in misfits(coerced(raw, shape), shape, (*path, name), type_of, exact=True):
                    self._problem("J706", at, f"`{name}`: {message}", hint)

    # --- gaps and overlaps -----------------------------------------------------------------------------------

    def _cover(self) -> None:
        rules = [rule.when for rule in self._table.rules]
        unknown = [
            name
            for name, shape in self._shapes.items()
            if shape.kind == "dyn" and any(_simple(rule.get(name)) for rule in rules)
        ]
        if unknown:
            reason = f"the type of `{unknown[0]}` is not known"
            self._lowering.problem(
                "J704", self._node.path, f"`{self._name}` is not checked for gaps and overlaps: {reason}", key=True
            )
            return
        columns = [
            column(name, shape, [rule[name] for rule in rules if name in rule]) for name, shape in self._shapes.items()
        ]
        try:
            sure, maybe = (Grid(columns, rules, conditions_hold=holds) for holds in (False, True))
            if self._table.hit == "unique":
                self._overlaps(maybe)
            self._never(maybe, sure)
            self._unknowable(sure, maybe, gap=self._gaps(maybe))
        except TooMany:
            message = f"`{self._name}` is too large to be checked for gaps and overlaps"
            self._lowering.problem("J704", self._node.path, message, key=True)

    def _gaps(self, maybe: Grid) -> bool:
        """A gap is what no rule covers even where conditions are taken to hold."""
        case = maybe.uncovered() if self._table.otherwise is None else None
        if case is not None:
            path = (*self._node.path, "rules")
            message = f"no rule of `{self._name}` holds for {_told(case)}"
            self._lowering.problem("J701", path, message, "add a rule, or `otherwise`", key=True)
        return case is not None

    def _never(self, maybe: Grid, sure: Grid) -> None:
        for position, node in enumerate(self._node.rules):
            if not maybe.possible(position):
                self._lowering.problem("J703", node.path, f"rule {position + 1} of `{self._name}` can never hold")
            elif self._table.hit == "first" and maybe.reached(position, before=sure) is None:
                message = f"rule {position + 1} of `{self._name}` is never the first to hold"
                self._lowering.problem("J703", node.path, message)

    def _overlaps(self, maybe: Grid) -> None:
        for first, second, case in islice(self._pairs(maybe), _MOST_OVERLAPS):
            message = f"rules {first + 1} and {second + 1} of `{self._name}` both hold for {_told(case)}"
            hint = "make one narrower, or use `hit: first`"
            self._lowering.problem("J702", self._node.rules[second].path, message, hint)

    def _pairs(self, maybe: Grid) -> Iterator[tuple[int, int, Case]]:
        """Pairs of rules without conditions that share a case."""
        plain = [position for position in range(len(self._table.rules)) if not self._conditional(position)]
        for first, second in combinations(plain, 2):
            case = maybe.common(first, second)
            if case is not None:
                yield first, second, case

    def _unknowable(self, sure: Grid, maybe: Grid, *, gap: bool) -> None:
        """Say what hangs on conditions: gaps that they may close, overlaps that they may make."""
        closes = not gap and self._table.otherwise is None and sure.uncovered() is not None
        conditional = [position for position in range(len(self._table.rules)) if self._conditional(position)]
        others = range(len(self._table.rules)) if self._table.hit == "unique" else ()
        pairs = ((one, other) for one in conditional for other in others if one != other)
        overlaps = any(maybe.common(one, other) for one, other in pairs)
        what = " and ".join(word for word, said in (("gaps", closes), ("overlaps", overlaps)) if said)
        if what and conditional:
            shown = ", ".join(str(position + 1) for position in conditional[:_MOST_SHOWN])
            shown += " …" if len(conditional) > _MOST_SHOWN else ""
            rules = f"rule {shown} has a condition" if len(conditional) == 1 else f"rules {shown} have conditions"
            message = f"`{self._name}` is not checked for {what}: {rules}"
            self._lowering.problem("J704", self._node.rules[conditional[0]].path, message)

    def _conditional(self, position: int) -> bool:
        return any(isinstance(test, Condition) for test in self._table.rules[position].when.values())


def _simple(test: Test | None) -> bool:
    return test is not None and not isinstance(test, Condition)


def _told(case: Case) -> str:
    """`severity "minor", cost 1000.5`."""
    words = ["any " + name if value is OPAQUE else f"{name} {quoted(value)}" for name, value in case.items()]
    return ", ".join(words)
