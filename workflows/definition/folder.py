"""What lies where in a folder of definitions: processes by area, and what they share.

`quality/ncr_report.yaml` is a process; `calendars/plant.yaml` and everything in a folder `tables` is not.
"""

from __future__ import annotations

from pathlib import Path

from workflows.definition.calendars import FOLDER

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
