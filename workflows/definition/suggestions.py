"""Did you mean …? The nearest known word for a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MOST = 300
"""Words compared; comparing is slow, and no list of choices that people know is longer."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """``did you mean `to`?``, or None when nothing is near."""
    candidates = list(known)[:_MOST]
    folded = {item.lower(): item for item in candidates}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return f"did you mean `{folded[near[0]]}`?" if near else None
