"""What a definition may call: signatures of registered actions and facts, as the compiler sees them.

The registry itself lives with the activities; this floor knows only names and schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Signature:
    """A registered action or fact."""

    name: str
    """Dotted, e.g. `stock.hold`."""
    mode: Literal["sql", "activity", "fact"]
    title: str
    input: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of the arguments, an object."""
    output: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of the result, an object for actions, anything for facts."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that definitions may name: actions, facts, roles and processes."""

    signatures: Mapping[str, Signature] = field(default_factory=dict)
    roles: frozenset[str] = frozenset(
        {
            "operator", "inspector", "technician", "supervisor", "planner", "warehouse", "engineer", "qc_manager",
            "quality_manager", "maintenance", "maintenance_manager", "dept_head", "plant_manager", "customer",
            "auditor", "admin", "integration", "design_authority", "supplier_quality",
        }
    )  # fmt: skip
    """Roles a definition may name."""
    processes: frozenset[str] | None = None
    """Processes that `start`, `send` and `each` may name; None: not checked."""

    def get(self, name: str, *modes: str) -> Signature | None:
        """The signature of that name if its mode is one of `modes` (any, when none is given)."""
        found = self.signatures.get(name)
        return found if found is not None and (not modes or found.mode in modes) else None
