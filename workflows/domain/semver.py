"""Semantic versions (semver.org 2.0.0), as far as order needs them."""

from __future__ import annotations

import re
from functools import total_ordering
from typing import NamedTuple

_FORM = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)


class _Parts(NamedTuple):
    major: int
    minor: int
    patch: int
    released: bool
    """A pre-release comes before its release."""
    pre: tuple[tuple[bool, int, str], ...]


@total_ordering
class Version:
    """Ordered as clause 11 says: 1.0.0-rc.2 < 1.0.0-rc.10 < 1.0.0 < 1.0.1."""

    __slots__ = ("_parts",)

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises ValueError for what is no semantic version."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a semantic version")
        major, minor, patch, pre = match.groups()
        identifiers = tuple(_identifier(item) for item in pre.split(".")) if pre else ()
        return cls(_Parts(int(major), int(minor), int(patch), pre is None, identifiers))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._parts == other._parts

    def __lt__(self, other: Version) -> bool:
        return self._parts < other._parts

    def __hash__(self) -> int:
        return hash(self._parts)


def _identifier(text: str) -> tuple[bool, int, str]:
    """Numbers come before words and count as numbers."""
    return (False, int(text), "") if text.isdigit() else (True, 0, text)
