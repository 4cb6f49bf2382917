"""Row hashes of the step log."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.domain.errors import InvalidInput
from workflows.domain.hash_chain import GENESIS, json_text, row_hash

_ROWS = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=9), max_size=5
)


def test_the_hash_is_what_anybody_can_recompute() -> None:
    """SHA-256 over the hash before, a line feed, and the row as JSON with sorted keys and no spaces."""
    by_hand = hashlib.sha256(("0" * 64 + '\n{"a":"ü","b":[1,null]}').encode()).hexdigest()

    assert row_hash(GENESIS, {"b": [1, None], "a": "ü"}) == by_hand


@given(_ROWS, _ROWS)
def test_rows_with_one_hash_are_one_row(row: dict[str, Any], other: dict[str, Any]) -> None:
    same = row_hash(GENESIS, row) == row_hash(GENESIS, other)

    assert same == (json_text(dict(sorted(row.items()))) == json_text(dict(sorted(other.items()))))


@given(_ROWS)
def test_the_hash_covers_what_came_before(row: dict[str, Any]) -> None:
    assert row_hash(GENESIS, row) != row_hash("1" * 64, row)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        json_text({"x": value})
