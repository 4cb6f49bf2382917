"""What the lowering of one document shares: where to report, what may be called, what was met on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from workflows.definition.catalogue import Catalogue
from workflows.definition.diagnostics import Report
from workflows.definition.document.process import ProcessDocument
from workflows.definition.document.states import Outcome
from workflows.definition.lower.tree import Place, StateTree
from workflows.definition.reader import Path, Source
from workflows.definition.schemas import SchemaLoader
from workflows.definition.typing.shapes import Shape

Expected = Literal["any", "bool", "string", "duration", "time", "list", "who"]
"""What the place of an expression needs. duration and time are strings or their CEL types."""


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression may read besides the fixed names, and what `event` is there."""

    extra: tuple[str, ...] = ()
    """Names bound around it, outermost first."""
    types: Mapping[str, Any] = field(default_factory=dict)
    """Extra name -> expression of the list it runs over, or None when it is a position."""
    event: Mapping[str, Any] | None = None
    """JSON Schema of the payload; None: not known."""
    facts: bool = True
    """Whether `facts` and what is made of them may be read here."""
    bare: bool = False
    """Nothing but the extra names may be read here."""

    def bind(self, **lists: str | None) -> Names:
        """With more names; each a list it runs over, or None for a position."""
        return replace(self, extra=(*self.extra, *lists), types={**self.types, **lists})

    def with_event(self, schema: Mapping[str, Any] | None) -> Names:
        return replace(self, event=schema)


@dataclass(frozen=True, slots=True)
class Site:
    """An expression where it stands; checked against the types when all of them are known."""

    source: str
    path: Path
    offset: int
    """Of the expression in the text at `path`; more than 0 inside templates."""
    expected: Expected
    names: Names


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an action or fact where it stands, with the arguments as written."""

    name: str
    mode: Literal["action", "fact"]
    arguments: Mapping[str, Any]
    path: Path
    """Of the name."""
    arguments_path: Path
    names: Names


@dataclass(frozen=True, slots=True)
class Assignment:
    """A `set` of one path where it stands."""

    target: str
    value: Any
    path: Path
    names: Names


@dataclass(slots=True)
class Waiting:
    """The `done` or `failed` of a `do`, to become transitions of the state that waits for it."""

    home: Place
    event: str
    outcomes: list[Outcome]
    names: Names


@dataclass(slots=True)
class Lowering:
    """What every step of lowering shares: the document, where its parts stand, and the report of problems."""

    document: ProcessDocument
    source: Source
    report: Report
    catalogue: Catalogue
    schemas: SchemaLoader
    tree: StateTree
    data_schema: dict[str, Any]
    data_shape: Shape
    broken: bool
    """The file has structural errors: what is missing may only have been left out by them."""
    written_states: frozenset[str]
    """Names of all states in the file, those with structural errors included."""
    written_tables: frozenset[str] = frozenset()
    """Names of all decision tables in the file, those with structural errors included."""
    calendar: dict[str, Any] = field(default_factory=dict)
    """Frozen; empty without one, and after a diagnostic."""
    sites: list[Site] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    raised: list[tuple[str, Path]] = field(default_factory=list)
    """Every event that the process raises or sends to itself, and where."""
    cancelled: list[tuple[str, Path]] = field(default_factory=list)
    """Id of every `cancel`, and where."""
    send_ids: set[str] = field(default_factory=set)
    failures: list[list[Outcome]] = field(default_factory=list)
    """Every `failed`, of actions and of children."""
    forms: list[tuple[dict[str, Any], Path]] = field(default_factory=list)
    """Every form met, and where it stands."""
    waiting: list[Waiting] = field(default_factory=list)
    do_ids: dict[str, Path] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)

    def problem(self, code: str, path: Path, message: str, suggestion: str | None = None, *, key: bool = False) -> None:
        self.report.add(code, self.source.locate(path, key=key), message, suggestion)

    def form(self, reference: str | dict[str, Any], path: Path) -> dict[str, Any] | None:
        """A form, noted for the checks; None after a diagnostic."""
        schema = self.schemas.load(reference, path)
        if schema is not None:
            self.forms.append((schema, path))
        return schema

    def expression(self, source: str, path: Path, names: Names, expected: Expected = "any", offset: int = 0) -> str:
        """Note an expression for the type check; gives it back without white space around it."""
        self.sites.append(Site(source, path, offset, expected, names))
        return source.strip()
