"""One child process: started on a leash, its output in a log file, ended politely and then firmly."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from workflows.domain.errors import Unavailable

_LEASH = Path(__file__).with_name("leash.py")
_LOG_LIMIT_BYTES = 20_000_000
_LOG_TAIL_LINES = 15


class ChildFailed(Unavailable):
    """A child process did not come up; the message carries the end of its log."""

    code = "CHILD_PROCESS_FAILED"


class Child:
    """A program we run and own. Start it from the main thread: the leash is tied to the thread that forks.

    Args:
        name: for people and log files.
        command: program and arguments; the program as an absolute path.
        log: file that receives standard output and error, appended.
        stop_with: the signal that asks for an orderly end.
        orphaned_with: the signal the kernel sends when this process dies first.
        user: system user to run as; only root may choose one.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        stop_with: signal.Signals = signal.SIGTERM,
        orphaned_with: signal.Signals = signal.SIGKILL,
        user: str | None = None,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._log = log
        self._env = env
        self._stop_with = stop_with
        self._orphaned_with = orphaned_with
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the last start, also after it has ended; None before the first start."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start the program in a session of its own, so that Ctrl-C in a terminal reaches only us."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        leash = [sys.executable, "-I", "-S", str(_LEASH)]
        leash += [str(os.getpid()), str(int(self._orphaned_with)), self._user or "-"]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                leash + self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if self._env is None else dict(self._env),
                start_new_session=True,
            )

    async def exited(self) -> int:
        """Wait for the end of the program; gives its exit status, negative for a signal."""
        if self._process is None:
            return 0
        return await asyncio.to_thread(self._process.wait)

    async def stop(self, timeout_s: float = 15.0) -> None:
        """Ask for an orderly end, wait, then kill. Does nothing to a program that has ended."""
        if self._process is None or not self.running:
            return
        self._process.send_signal(self._stop_with)
        try:
            await asyncio.to_thread(self._process.wait, timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            await asyncio.to_thread(self._process.wait)

    def kill(self) -> None:
        """End the program at once, as a crash would."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def failure(self, what: str) -> ChildFailed:
        """The error to raise about this program, with the last lines of its log."""
        lines = self._log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:] if self._log.exists() else []
        shown = "\n".join(f"  {line}" for line in lines)
        return ChildFailed(f"{self.name}: {what}. End of {self._log}:\n{shown}")
