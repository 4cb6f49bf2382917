"""`jidoka evidence verify`: whether a pack is as it was exported. Needs the file and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from activities.evidence.check import check
from workflows.domain.errors import NotFound


def verify_pack(path: Path, say: Callable[[str], None]) -> int:
    """Say what the pack is about and what is wrong with it; 1 if anything is, else 0.

    Raises:
        NotFound: the file cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise NotFound(f"{path}: {problem.strerror}") from problem
    verdict = check(raw)
    about = verdict.about
    if about:
        say(f"{about['process']} {about['number']} of {about['tenant']}, {about['seq']} steps, made {about['made_at']}")
    for wrong in verdict.problems:
        say(f"WRONG: {wrong}")
    if verdict.problems:
        return 1
    if verdict.uncovered:
        say(f"{verdict.uncovered} rows were too young for a checkpoint; the chain of the instance covers its steps")
    say(f"intact; last checkpoint {verdict.checkpoint or 'none'}")
    return 0
