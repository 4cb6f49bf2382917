"""Field by field differences for the audit trail."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.domain.changes import field_changes


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": {"old": 1, "new": 2}}),
        ({}, {"a": None}, {"a": {"new": None}}),
        ({"a": None}, {}, {"a": {"old": None}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a.c": {"old": 2, "new": 3}}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": {"old": {"b": 1}, "new": [1]}}),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, {"a": {"old": [1, 2], "new": [1, 2, 3]}}),
        ({"a": True}, {"a": 1}, {"a": {"old": True, "new": 1}}),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, {"a": {"old": 1, "new": 2}, "b": {"old": 1, "new": 2}}),
    ],
)
def test_changes(old: dict[str, Any], new: dict[str, Any], changes: dict[str, Any]) -> None:
    found = field_changes(old, new)

    assert found == changes
    assert list(found) == sorted(found)
