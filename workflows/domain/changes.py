"""Which fields a step changed, with old and new values: what an auditor reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def field_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Field path -> {"old", "new"}, sorted by path; a side that had no such field lacks that key.

    Objects are compared field by field (`containment.tag`), lists as a whole.
    """
    found: dict[str, dict[str, Any]] = {}
    _compare("", old, new, found)
    return dict(sorted(found.items()))


def _compare(prefix: str, old: Mapping[str, Any], new: Mapping[str, Any], found: dict[str, dict[str, Any]]) -> None:
    for key in {**old, **new}:
        path = f"{prefix}{key}"
        if key not in old:
            found[path] = {"new": new[key]}
        elif key not in new:
            found[path] = {"old": old[key]}
        elif isinstance(old[key], Mapping) and isinstance(new[key], Mapping):
            _compare(f"{path}.", old[key], new[key], found)
        elif old[key] != new[key] or type(old[key]) is not type(new[key]):
            found[path] = {"old": old[key], "new": new[key]}
