"""How much of a worker one receiver may take: a slow one must not hold up what goes to the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Lanes:
    """Counts who is being talked to in this process; nobody waits here, a full lane says so."""

    def __init__(self, width: int = 8) -> None:
        """`width`: exchanges with one receiver at the same time."""
        self._width = width
        self._busy: Counter[Hashable] = Counter()

    @contextmanager
    def lane(self, receiver: Hashable) -> Iterator[bool]:
        """Gives whether there is room; if not, nothing is to be sent inside the block."""
        if self._busy[receiver] >= self._width:
            yield False
            return
        self._busy[receiver] += 1
        try:
            yield True
        finally:
            self._busy[receiver] -= 1
            if not self._busy[receiver]:
                del self._busy[receiver]
