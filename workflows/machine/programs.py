"""Where the interpreter finds its Program: a process-wide cache over an immutable, content-addressed source.

Loading inside workflow code is deterministic because a digest names its content for ever. Whoever runs workflows
(worker, replayer, tests) installs a source once; this module must not know where programs are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from workflows.definition.program import Program
from workflows.engine.chart import load
from workflows.engine.tables import Chart

Source = Callable[[str], bytes]
"""Digest -> canonical Program. Raises LookupError when it has no such program. May block, briefly."""

_source: list[Source] = []
_charts: dict[str, Chart] = {}


class ProgramMissing(LookupError):
    """No source has the program. The workflow task fails and is tried again until the program is published."""


def install(source: Source) -> None:
    """Make `source` the one that is asked for programs not seen before."""
    _source[:] = [source]


def chart(digest: str) -> Chart:
    """The Chart of that digest, loaded once per process.

    Raises:
        ProgramMissing: unknown to the source, or the source holds other content under that digest.
    """
    found = _charts.get(digest)
    if found is None:
        if not _source:
            raise ProgramMissing("no program source is installed")
        try:
            raw = _source[0](digest)
        except LookupError as missing:
            raise ProgramMissing(digest) from missing
        if hashlib.sha256(raw).hexdigest() != digest:
            raise ProgramMissing(f"{digest}: the source holds other content under this digest")
        found = _charts[digest] = load(Program.from_canonical(raw))
    return found
