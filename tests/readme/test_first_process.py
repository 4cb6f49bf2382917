"""The README's first process works when typed as printed."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from activities.embedded.ports import free_port
from tests.plant import Plant

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def chapter(title: str) -> str:
    """All commands of a chapter, in order, as one script."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    body = text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(BLOCK.findall(body))


@pytest.mark.timeout(240)
async def test_first_process_works_as_printed(tmp_path: Path, server_files: Path) -> None:
    script = chapter("A first process in five minutes")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    async with Plant(server_files / "readme", JIDOKA_ALLOWED_PRIVATE_NETWORKS="127.0.0.0/8") as plant:
        typed = script.replace("http://127.0.0.1:8000", plant.base_url).replace("8099", str(free_port()))
        # A terminal knows jobs by number; `set -m` gives a script the same.
        shell = await asyncio.create_subprocess_exec(
            "bash", "-m", "-c", f"set -eo pipefail\n{typed}",
            cwd=tmp_path, env={**os.environ}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(shell.communicate(), 120)
    said = output.decode()

    assert "deviation_permit.yaml: ok" in said, said
    assert "2 of 2 scenarios passed" in said
    assert '"reason":"This task is assigned to QC Manager, not you"' in said
    assert '"previous_state":"requested","current_state":"permitted"' in said
    assert "signature good  deviation.permitted" in said
    assert len(re.findall(r'"number":"ORD-\d{4}-001"', said)) == 2, said
    assert '"current_state":"approved"' in said
    assert shell.returncode == 0, said
