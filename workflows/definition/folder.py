"""What lies where in a folder of definitions: processes by area, and what they share.

`quality/ncr_report.yaml` is a process; `calendars/plant.yaml` and everything in a folder `tables` is not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workflows.definition.calendars import FOLDER, path_of
from workflows.definition.diagnostics import Report
from workflows.definition.reader import read

SHARED = frozenset({FOLDER, "tables"})
"""Names of folders whose YAML files are no processes."""


def process_files(root: Path) -> list[Path]:
    """The process definitions in a folder and below, in order of path."""
    found = (path for path in root.rglob("*.yaml") if SHARED.isdisjoint(path.relative_to(root).parts[:-1]))
    return sorted(found)


def calendar_files(root: Path) -> dict[str, str]:
    """Text of each calendar by the path under which a definition asks for it: `calendars/plant.yaml`."""
    return {
        f"{FOLDER}/{path.name}": path.read_text(encoding="utf-8") for path in sorted((root / FOLDER).glob("*.yaml"))
    }


def reader_beside(definition: Path) -> Callable[[str], str]:
    """Reads what a definition names by path, in its folder and below; raises OSError or ValueError.

    A calendar that is not there is looked for beside the folder, where all areas share it.
    """
    folder = definition.resolve().parent

    def read_beside(name: str) -> str:
        target = (folder / name).resolve()
        if not target.is_relative_to(folder):
            raise ValueError("outside the folder of the definition")
        shared = folder.parent / FOLDER
        if target.parent == folder / FOLDER and not target.is_file() and (shared / target.name).is_file():
            target = shared / target.name
        return target.read_text(encoding="utf-8")

    return read_beside


def calendar_beside(definition: Path, text: str) -> dict[str, str]:
    """The calendar that a definition names, by path; nothing when it names none or there is none of that name."""
    source = read(text, Report(definition.name))
    name = source.value.get("calendar") if source else None
    if not isinstance(name, str):
        return {}
    try:
        return {path_of(name): reader_beside(definition)(path_of(name))}
    except (OSError, ValueError):
        return {}  # the compiler says so, at its place
