"""Decision tables in the compiled form; a part of the Program. Plain data, knows nothing of YAML and positions.

A table sees nothing but its inputs: cells and outputs read these by name, never the data behind them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = bool | int | float | str | None
Hit = Literal["unique", "first", "collect"]
Aggregation = Literal["sum", "min", "max", "count"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Equal(_Frozen):
    kind: Literal["equal"] = "equal"
    value: Scalar


class Among(_Frozen):
    """One of a list of literals."""

    kind: Literal["among"] = "among"
    values: tuple[Scalar, ...]


class Compare(_Frozen):
    """`null` is different from everything else, and neither smaller nor greater."""

    kind: Literal["compare"] = "compare"
    operator: Literal["<", "<=", ">", ">=", "!="]
    value: Scalar


class Within(_Frozen):
    """A range; `[1..5)` has its low end in it, not its high end."""

    kind: Literal["within"] = "within"
    low: Scalar
    high: Scalar
    low_in: bool
    high_in: bool


class Condition(_Frozen):
    """Any CEL over the inputs that gives true or false; no check can look into it."""

    kind: Literal["cel"] = "cel"
    source: str


Test = Annotated[Equal | Among | Compare | Within | Condition, Field(discriminator="kind")]
"""What a cell asks of its input; a cell that takes anything is left out."""


class Rule(_Frozen):
    when: dict[str, Test] = Field(default_factory=dict)
    """Input -> test; all must hold."""
    then: dict[str, str]
    """Output -> CEL over the inputs, mostly a literal."""


class Table(_Frozen):
    title: str | None = None
    hit: Hit
    inputs: dict[str, str]
    """Name -> CEL over what expressions of the process read, without `event` and `tables`."""
    outputs: dict[str, dict[str, Any]]
    """Name -> JSON Schema."""
    rules: tuple[Rule, ...]
    """In document order; they are called by their position from 1."""
    otherwise: dict[str, str] | None = None
    """Outputs when no rule holds; None: the decision is refused then."""
    aggregate: dict[str, Aggregation] = Field(default_factory=dict)
    """Only with `collect`: name in the result -> how the outputs become one value. Outputs that are not named here
    become lists. Empty: the result is a list of records."""
