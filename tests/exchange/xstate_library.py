"""The npm package `xstate`, installed once into `build/`, and a process that runs machines in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "xstate"
RUNNER = Path(__file__).with_name("xstate_runner.mjs")
VERSION = "^5.20.0"


def install() -> None:
    """Puts the package where node finds it."""
    if (FOLDER / "node_modules" / "xstate" / "package.json").exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text(json.dumps({"private": True, "dependencies": {"xstate": VERSION}}))
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr


class XState:
    """The library in a process of its own, for the length of a `with` block."""

    def __enter__(self) -> Self:
        install()
        self._process = subprocess.Popen(
            ["node", str(RUNNER)], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)

    def run(self, machine: dict[str, Any], steps: list[dict[str, Any]], answers: dict[str, bool]) -> Any:
        """The active states after the start and after each step; `{"error"}` when the library refuses.

        Args:
            answers: expression -> what it gives, for guards that are not JavaScript.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"machine": machine, "steps": steps, "answers": answers}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
