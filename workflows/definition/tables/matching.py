"""What the simple cells mean, for the engine and for the checks alike.

`null` is equal to `null` and different from everything else; it is never smaller, greater or within a range.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any

from workflows.definition.tables.form import Among, Compare, Equal, Within

Matches = Callable[[Any], bool]
_ORDER: dict[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class NotComparable(TypeError):
    """A value that has no order with the limit of a cell: that means nothing, and is never quietly false."""


def matcher(test: Equal | Among | Compare | Within) -> Matches:
    """The test as a function of the value; it raises NotComparable."""
    match test:
        case Equal(value=wanted):
            return lambda value: _same(value, wanted)
        case Among(values=several):
            return lambda value: any(_same(value, item) for item in several)
        case Compare(operator="!=", value=wanted):
            return lambda value: not _same(value, wanted)
        case Compare(operator=operator, value=limit):
            return _ordered(_ORDER[operator], limit)
        case Within(low=low, high=high, low_in=low_in, high_in=high_in):
            above, below = _ordered(ge if low_in else gt, low), _ordered(le if high_in else lt, high)
            return lambda value: above(value) and below(value)


def _same(value: Any, wanted: Any) -> bool:
    """JSON equality: 5 is 5.0, but `true` is not 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _ordered(compare: Callable[[Any, Any], Any], limit: Any) -> Matches:
    texts = isinstance(limit, str)

    def matches(value: Any) -> bool:
        if value is None:
            return False
        if isinstance(value, bool | list | dict) or isinstance(value, str) != texts:
            raise NotComparable(f"{type(value).__name__} is not comparable with {limit!r}")
        return bool(compare(value, limit))

    return matches
