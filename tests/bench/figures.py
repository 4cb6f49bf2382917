"""What the bench reports: named values with units, as a table and as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    unit: str


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie; needs at least two."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def table(figures: Sequence[Figure]) -> str:
    width = max(len(figure.name) for figure in figures)
    return "\n".join(f"{figure.name:{width}}  {figure.value:12,.3f} {figure.unit}" for figure in figures)


def write(figures: Sequence[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
