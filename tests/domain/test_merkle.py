"""Merkle trees: vectors worked by hand after RFC 6962, and proofs of any row of any tree."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from workflows.domain import merkle


def _node(left: str, right: str) -> str:
    return hashlib.sha256(b"\x01" + (left + right).encode()).hexdigest()


def test_a_row_alone_is_the_root() -> None:
    assert merkle.root([merkle.leaf("a")]) == hashlib.sha256(b"\x00a").hexdigest()


def test_the_odd_one_moves_up() -> None:
    a, b, c, d, e = (merkle.leaf(name) for name in "abcde")

    assert merkle.root([a, b, c]) == _node(_node(a, b), c)
    assert merkle.root([a, b, c, d, e]) == _node(_node(_node(a, b), _node(c, d)), e)


@given(st.integers(1, 70), st.data())
def test_every_path_leads_to_the_root(count: int, data: st.DataObject) -> None:
    leaves = [merkle.leaf(str(number)) for number in range(count)]
    index = data.draw(st.integers(0, count - 1))

    assert merkle.climb(leaves[index], index, count, merkle.path(leaves, index)) == merkle.root(leaves)


@given(st.integers(2, 70), st.data())
def test_no_path_leads_another_row_there(count: int, data: st.DataObject) -> None:
    leaves = [merkle.leaf(str(number)) for number in range(count)]
    index = data.draw(st.integers(0, count - 1))
    path = merkle.path(leaves, index)

    other = data.draw(st.integers(0, count - 1).filter(lambda number: number != index))
    assert merkle.climb(merkle.leaf("x"), index, count, path) != merkle.root(leaves)
    assert merkle.climb(leaves[index], other, count, path) != merkle.root(leaves)


def test_a_path_that_does_not_fit_the_tree_proves_nothing() -> None:
    leaves = [merkle.leaf(name) for name in "abc"]
    path = merkle.path(leaves, 0)

    assert merkle.climb(leaves[0], 0, 3, [*path, leaves[1]]) is None
    assert merkle.climb(leaves[0], 0, 3, path[:1]) is None
    assert merkle.climb(leaves[0], 3, 3, path) is None
