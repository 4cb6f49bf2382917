"""Merkle trees after RFC 6962: one hash that stands for many rows, and short proofs that a row is among them.

Leaves and inner nodes are hashed differently, so that no inner node can be passed off as a row. A node without a
sibling moves up unchanged. Pure; hashes are hexadecimal text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf(text: str) -> str:
    """The leaf of a row's canonical text."""
    return hashlib.sha256(b"\x00" + text.encode()).hexdigest()


def root(leaves: Sequence[str]) -> str:
    """
    Args:
        leaves: at least one; their order counts.
    """
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(leaves: Sequence[str], index: int) -> list[str]:
    """The siblings on the way from leaf `index` up to the root."""
    level, siblings = list(leaves), []
    while len(level) > 1:
        if index ^ 1 < len(level):
            siblings.append(level[index ^ 1])
        level, index = _above(level), index // 2
    return siblings


def climb(start: str, index: int, count: int, siblings: Sequence[str]) -> str | None:
    """The root to which `path` leads; None when the path does not fit a tree of `count` leaves."""
    if not 0 <= index < count:
        return None
    current, left = start, list(siblings)
    while count > 1:
        if index ^ 1 < count:
            if not left:
                return None
            sibling = left.pop(0)
            current = _node(sibling, current) if index % 2 else _node(current, sibling)
        index, count = index // 2, (count + 1) // 2
    return None if left else current


def _above(level: list[str]) -> list[str]:
    pairs = range(0, len(level), 2)
    return [_node(level[i], level[i + 1]) if i + 1 < len(level) else level[i] for i in pairs]


def _node(left: str, right: str) -> str:
    return hashlib.sha256(b"\x01" + left.encode() + right.encode()).hexdigest()
