"""Gaps and overlaps: decided over one value of every class of values that the simple cells of a column tell apart.

Cells that are any CEL are known to nobody here: they count as holding or as not holding, as the question needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from workflows.definition.tables.form import Among, Compare, Condition, Equal, Scalar, Test, Within
from workflows.definition.tables.matching import matcher
from workflows.definition.typing.shapes import Shape

Case = dict[str, Any]
"""Input -> value: an example."""
MOST_CASES = 30_000
MOST_COMPARISONS = 3_000_000
OPAQUE = "…"
"""Stands for every value of a column of lists or mappings: simple cells cannot tell them apart."""


class TooMany(Exception):
    """More combinations than anybody wants to wait for."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    values: tuple[Scalar, ...]
    """One of every class."""


_COARSE = 1e15
"""From here on a float and the same plus 1 may be one."""


# --- the classes of a column --------------------------------------------------------------------------------


def column(name: str, shape: Shape, tests: Iterable[Test]) -> Column:
    """One value of every class that these tests tell apart among the values of that shape."""
    tests = list(tests)
    named = [value for test in tests for value in literals(test)]
    values: list[Scalar] = [OPAQUE]
    if shape.kind == "bool":
        values = [True, False]
    elif shape.enum:
        values = list(shape.enum)
    elif shape.kind == "string":
        texts = sorted({item for item in named if isinstance(item, str)})
        values = list(_texts(texts, ordered=any(map(orders, tests))))
    elif shape.kind in ("int", "double"):
        numbers = [item for item in named if isinstance(item, int | float) and not isinstance(item, bool)]
        every = sorted(_wholes(numbers, shape) if shape.kind == "int" else _numbers(numbers, shape))
        values = [value for value in every if _allowed(value, shape)] or list(every)
    return Column(name, (*values, None) if shape.nullable else tuple(values))


def orders(test: Test) -> bool:
    """Whether the test asks for smaller and greater."""
    return isinstance(test, Within) or (isinstance(test, Compare) and test.operator != "!=")


def literals(test: Test) -> Iterator[Scalar]:
    match test:
        case Among(values=values):
            yield from values
        case Within(low=low, high=high):
            yield from (low, high)
        case Equal(value=value) | Compare(value=value):
            yield value


def _texts(texts: Sequence[str], *, ordered: bool) -> Iterator[str]:
    if ordered:
        # Nothing lies between a text and the same text with the smallest character behind it.
        yield from sorted({"", *texts, *(f"{text}\0" for text in texts)})
        return
    yield from texts
    other = "other"
    while other in texts:
        other = f"an{other}"
    yield other


def _wholes(numbers: Sequence[float], shape: Shape) -> set[int]:
    if shape.schema and "enum" in shape.schema:
        return {value for value in shape.schema["enum"] if value is not None}
    bounds = [math.ceil(number) for number in _bounds(shape)]
    near = {math.floor(number) + step for number in numbers for step in (-1, 0, 1, 2)}
    return near | {bound + step for bound in bounds for step in (-1, 0, 1)} or {0}


def _numbers(numbers: Sequence[float], shape: Shape) -> set[float]:
    if shape.schema and "enum" in shape.schema:
        return {float(value) for value in shape.schema["enum"] if value is not None}
    points = sorted({float(number) for number in (*numbers, *_bounds(shape))}) or [0.0]
    between = {first + (second - first) / 2 for first, second in pairwise(points)}
    far = max(1.0, abs(points[0]), abs(points[-1])) if abs(points[0]) > _COARSE or abs(points[-1]) > _COARSE else 1.0
    return {*points, *between, points[0] - far, points[-1] + far}


def _bounds(shape: Shape) -> list[float]:
    schema = shape.schema or {}
    return [schema[word] for word in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum") if word in schema]


def _allowed(value: float, shape: Shape) -> bool:
    schema = shape.schema or {}
    above = value >= schema.get("minimum", -math.inf) and value > schema.get("exclusiveMinimum", -math.inf)
    return bool(above and value <= schema.get("maximum", math.inf) and value < schema.get("exclusiveMaximum", math.inf))


# --- questions about all rules -------------------------------------------------------------------------------


class Grid:
    """Which rules hold for which value of which column, as bit masks: bit n stands for rule n."""

    def __init__(
        self, columns: Sequence[Column], rules: Sequence[Mapping[str, Test]], *, conditions_hold: bool
    ) -> None:
        """Compare every value with every cell.

        Raises:
            TooMany: that would take too long.
        """
        if sum(len(item.values) * _cost(item.name, rules) for item in columns) > MOST_COMPARISONS:
            raise TooMany
        self._columns = columns
        self._rules = rules
        self._all = (1 << len(rules)) - 1
        self._masks = [[self._mask(item, value, conditions_hold) for value in item.values] for item in columns]
        self._open_from = self._open()

    def uncovered(self) -> Case | None:
        """A case in which no rule holds.

        Raises:
            TooMany: the search was given up.
        """
        return self._search(self._all, [range(len(item.values)) for item in self._columns])

    def reached(self, rule: int, *, before: Grid) -> Case | None:
        """A case in which this rule holds and, in the view of `before`, none that stands before it.

        Raises:
            TooMany: the search was given up.
        """
        own = [[at for at, mask in enumerate(masks) if mask >> rule & 1] for masks in self._masks]
        return before._search((1 << rule) - 1, own) if all(own) else None

    def common(self, first: int, second: int) -> Case | None:
        """A case in which both rules hold: columns do not depend on each other."""
        both = 1 << first | 1 << second
        case: Case = {}
        for item, masks in zip(self._columns, self._masks, strict=True):
            at = next((at for at, mask in enumerate(masks) if mask & both == both), None)
            if at is None:
                return None
            case[item.name] = item.values[at]
        return case

    def possible(self, rule: int) -> bool:
        """Whether there is a case for this rule at all."""
        return all(any(mask >> rule & 1 for mask in masks) for masks in self._masks)

    def _mask(self, item: Column, value: Scalar, conditions_hold: bool) -> int:
        mask = 0
        for position, rule in enumerate(self._rules):
            test = rule.get(item.name)
            if conditions_hold if isinstance(test, Condition) else test is None or matcher(test)(value):
                mask |= 1 << position
        return mask

    def _open(self) -> list[int]:
        """For every column the rules that take anything in it and in all that follow."""
        found = [self._all]
        for masks in reversed(self._masks):
            mask = found[0]
            for each in masks:
                mask &= each
            found.insert(0, mask)
        return found

    def _search(self, live: int, allowed: Sequence[Sequence[int]]) -> Case | None:
        """A case, out of the allowed values, in which none of the live rules holds."""
        covered: set[tuple[int, int]] = set()

        def search(depth: int, live: int) -> list[Scalar] | None:
            if not live:
                left = zip(self._columns[depth:], allowed[depth:], strict=True)
                return [item.values[choices[0]] for item, choices in left]
            if live & self._open_from[depth] or depth == len(self._columns) or (depth, live) in covered:
                return None
            if len(covered) > MOST_CASES:
                raise TooMany
            for at in allowed[depth]:
                rest = search(depth + 1, live & self._masks[depth][at])
                if rest is not None:
                    return [self._columns[depth].values[at], *rest]
            covered.add((depth, live))
            return None

        found = search(0, live)
        return None if found is None else {item.name: value for item, value in zip(self._columns, found, strict=True)}


def _cost(name: str, rules: Sequence[Mapping[str, Test]]) -> int:
    return sum(1 + len(test.values) if isinstance(test := rule.get(name), Among) else 1 for rule in rules)
