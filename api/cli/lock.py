"""One supervisor per data folder: a lock the kernel gives back however the holder ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workflows.domain.errors import Conflict


class AlreadyRunning(Conflict):
    code = "ALREADY_RUNNING"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of a data folder, making the folder if needed.

    Raises:
        AlreadyRunning: another process holds it; the message names it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise AlreadyRunning(f"Jidoka already runs on {folder} (process {holder})") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
