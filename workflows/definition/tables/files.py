"""Decision tables in files of their own: read into the place of their path, so that all that follows sees one tree.

Positions inside them name their file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from workflows.definition.diagnostics import Report
from workflows.definition.reader import Source, read


def include_tables(source: Source, report: Report, read_file: Callable[[str], str] | None) -> frozenset[str]:
    """Put every table file that a definition names into it; gives the names of all tables that are written there."""
    tables = source.value.get("tables")
    if not isinstance(tables, dict):
        return frozenset()
    names = frozenset(tables)
    for name, path in list(tables.items()):
        if isinstance(path, str) and not _include(source, report, read_file, name, path):
            del tables[name]
    return names


def _include(source: Source, report: Report, read_file: Callable[[str], str] | None, name: str, path: str) -> bool:
    at = ("tables", name)
    text = _text(source, report, read_file, at, path)
    if text is None:
        return False
    file = str(PurePath(report.file).parent / path)
    inner = Report(file)
    found = read(text, inner)
    for item in inner.found:
        report.adopt(item)
    if found is None:
        return False
    _graft(source, found, at, file)
    return True


def _text(
    source: Source, report: Report, read_file: Callable[[str], str] | None, at: tuple[str, str], path: str
) -> str | None:
    if read_file is None:
        report.add("J120", source.locate(at), f"`{path}` cannot be read: only tables inside the definition here")
        return None
    try:
        return read_file(path)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        report.add("J120", source.locate(at), f"`{path}` cannot be read: {reason}")
        return None


def _graft(source: Source, found: Source, at: tuple[str, str], file: str) -> None:
    tables: dict[str, Any] = source.value["tables"]
    tables[at[1]] = found.value
    source.plain.discard(at)
    source.keys.update({(*at, *path): replace(position, file=file) for path, position in found.keys.items()})
    source.values.update({(*at, *path): replace(position, file=file) for path, position in found.values.items()})
    source.plain.update((*at, *path) for path in found.plain)
