"""The README's report goes from crack to closure when typed as printed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.plant import Plant
from tests.readme.test_first_process import ROOT, chapter


@pytest.mark.timeout(240)
async def test_from_crack_to_closure_as_printed(tmp_path: Path, server_files: Path) -> None:
    script = chapter("An NCR from crack to closure")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    async with Plant(server_files / "closure") as plant:
        typed = script.replace("http://127.0.0.1:8000", plant.base_url)
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", f"set -eo pipefail\n{typed}",
            cwd=tmp_path, env={**os.environ}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(shell.communicate(), 150)
    said = output.decode()

    assert shell.returncode == 0, said
    assert '"previous_state":"submitted","current_state":"approved"' in said
    assert '"previous_state":"analysis,corrected","current_state":"resolved"' in said
    assert '"previous_state":"verified","current_state":"closed"' in said
    assert '"previous_state":"concession","current_state":"in_progress"' in said
    for refusal in ("FORBIDDEN", "SEPARATION_OF_DUTIES", "SIGNATURE_REQUIRED", "ALREADY_VOTED"):
        assert f'"code":"{refusal}"' in said, said
    assert "intact" in said
