"""The door of the compiler: from the text of a definition to a Program, or to everything that is wrong with it.

Reading, parsing, lowering and checking each report what they find and hand on what they could make of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflows.definition import calendars
from workflows.definition.catalogue import Catalogue
from workflows.definition.checks import check_all
from workflows.definition.diagnostics import START, Diagnostic, Report
from workflows.definition.document.parse import parse
from workflows.definition.document.process import ProcessDocument
from workflows.definition.folder import reader_beside
from workflows.definition.lower.context import Lowering
from workflows.definition.lower.program import lower_program
from workflows.definition.lower.tree import StateTree
from workflows.definition.program import Program
from workflows.definition.reader import read
from workflows.definition.schemas import SchemaLoader
from workflows.definition.tables.files import include_tables
from workflows.definition.typing.shapes import shape_of

MAX_STATES = 1_000
MAX_COMMON = 100


@dataclass(frozen=True, slots=True)
class Compilation:
    """What became of a text: a program, or diagnostics that say why there is none."""

    program: Program | None
    """None when there is any error."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    """Errors and warnings by position."""
    document: ProcessDocument | None = None
    """The typed document, where its skeleton stands; after structural errors without the broken parts."""

    @property
    def errors(self) -> list[Diagnostic]:
        return [item for item in self.diagnostics if item.severity == "error"]


def compile_text(
    text: str, *, filename: str, catalogue: Catalogue, read_file: Callable[[str], str] | None = None
) -> Compilation:
    """Compile a definition.

    Args:
        text: YAML.
        filename: name in the diagnostics.
        catalogue: what the definition may call.
        read_file: text of a schema by its path relative to the definition, raising OSError or ValueError;
            None when only inline schemas are possible.
    """
    report = Report(filename)
    source = read(text, report)
    if source is None:
        return Compilation(None, report.sorted())
    tables = include_tables(source, report, read_file)
    unread = report.failed
    document = parse(source, report)
    if document is None:
        return Compilation(None, report.sorted())
    if not _within_limits(document, report):
        return Compilation(None, report.sorted(), document)
    schemas = SchemaLoader(source, report, read_file)
    data_schema = schemas.load(document.data, ("data",)) or {}
    lowering = Lowering(
        document=document,
        source=source,
        report=report,
        catalogue=catalogue,
        schemas=schemas,
        tree=StateTree(document.states),
        data_schema=data_schema,
        data_shape=shape_of(data_schema or None),
        broken=unread or report.failed,
        written_states=frozenset(_state_names(source.value)),
        written_tables=tables,
        calendar=_calendar(document, report, read_file),
    )
    program = lower_program(lowering)
    check_all(lowering, program)
    return Compilation(None if report.failed else program, report.sorted(), document)


def _calendar(document: ProcessDocument, report: Report, read_file: Callable[[str], str] | None) -> dict[str, Any]:
    """The frozen calendar that the document names; empty without one, and after a diagnostic."""
    if document.calendar is None:
        return {}
    if read_file is None:
        report.add("J120", START, f"the calendar `{document.calendar}` cannot be read here")
        return {}
    loaded = calendars.load(document.calendar, read_file)
    for item in loaded.diagnostics:
        report.adopt(item)
    return loaded.document or {}


def _within_limits(document: ProcessDocument, report: Report) -> bool:
    """Common transitions are copied into every state at the top: without limits that grows without any."""
    states = sum(1 for _ in StateTree(document.states).root.descendants())
    common = sum(len(alternatives) for alternatives in document.transitions.values())
    if states > MAX_STATES:
        report.add("J012", START, f"{states} states, more than {MAX_STATES}")
    if common > MAX_COMMON:
        report.add("J012", START, f"{common} common transitions, more than {MAX_COMMON}")
    return states <= MAX_STATES and common <= MAX_COMMON


def _state_names(raw: object) -> Iterator[str]:
    """Keys under every `states`, whatever stands there."""
    if isinstance(raw, dict):
        inner = raw.get("states")
        if isinstance(inner, dict):
            yield from inner
        for item in raw.values():
            yield from _state_names(item)


def compile_file(path: Path, catalogue: Catalogue) -> Compilation:
    """`compile_text` of a file; schemas are read from its folder and below, calendars also from beside its folder."""
    read_beside = reader_beside(path)

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        report = Report(str(path))
        report.add("J120", START, f"cannot be read: {problem}")
        return Compilation(None, report.sorted())
    return compile_text(text, filename=str(path), catalogue=catalogue, read_file=read_beside)
