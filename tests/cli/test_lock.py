"""One supervisor per data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from api.cli.lock import AlreadyRunning, held


def test_second_holder_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    refused = pytest.raises(AlreadyRunning, match=f"process {os.getpid()}")
    with held(tmp_path / "data"), refused, held(tmp_path / "data"):
        pass


def test_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    with held(tmp_path):
        pass
    with held(tmp_path):
        pass
