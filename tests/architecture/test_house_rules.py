"""Rules of the house that no linter knows: what every file has, and what no file may contain."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from api.cli.doctor import foreign_owners

ROOT = Path(__file__).parents[2]
ROOMS = ("workflows", "activities", "api")
CODE = (".py", ".ts", ".tsx")
LONGEST_FILE = 400


def _files() -> list[Path]:
    """What is tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


FILES = _files()
PYTHON = [path for path in FILES if path.suffix == ".py"]


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _offenders(pattern: str, paths: list[Path]) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{_shown(path)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(_text(path).splitlines(), 1)
        if found.search(line)
    ]


def test_no_other_distribution_owns_our_package_names() -> None:
    """The names are generic; a second owner would silently overwrite our files."""
    assert foreign_owners() == {}


def test_imports_keep_their_directions() -> None:
    run = subprocess.run(
        ["lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )

    assert run.returncode == 0, run.stdout


def _environment() -> dict[str, str]:
    import os
    import sysconfig

    return {**os.environ, "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"}


def test_no_file_needs_a_table_of_contents() -> None:
    lengths = {_shown(path): len(_text(path).splitlines()) for path in FILES if path.suffix in CODE}

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [_shown(path) for path in PYTHON if _text(path).strip() and not ast.get_docstring(_tree(path))]

    assert silent == []


def test_what_a_signature_cannot_say_is_said_on_the_floor_and_in_the_services() -> None:
    """Functions of some length, and classes that do something, carry a docstring."""
    rooms = ("workflows/", "activities/services/")
    silent = [
        f"{_shown(path)}: {node.name}"
        for path in PYTHON
        if _shown(path).startswith(rooms)
        for node in _tree(path).body
        if _has_something_to_say(node) and not ast.get_docstring(node)
    ]

    assert silent == []


def _has_something_to_say(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return not node.name.startswith("_") and any(
            isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and not item.name.startswith("_")
            for item in node.body
        )
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not node.name.startswith("_") and (node.end_lineno or 0) - node.body[0].lineno >= 7
    return False


def _tree(path: Path) -> ast.Module:
    return ast.parse(_text(path))


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("registry hosts", r"p[y]pi\.org|python[h]osted|registry\.n[p]mjs|de[b]\.debian|prox[y]\.golang"),
        ("machine paths", r"(^|[^A-Za-z0-9_.])/(w[o]rk|f[a]rm|r[o]ot)/"),
        ("unfinished places", r"\b(T[O]DO|F[I]XME|X[X]X)\b|N[o]tImplementedError"),
        ("tests that do not run", r"pytest\.mark\.(s[k]ip|x[f]ail)|pytest\.(s[k]ip|x[f]ail)\("),
        ("silenced checks without a reason", r"# t[y]pe: ignore(\[[\w, -]+\])?$|# n[o]qa(: ?[A-Z0-9, ]+)?$"),
    ],
)
def test_nothing_banned_is_written_anywhere(what: str, pattern: str) -> None:
    searched = [path for path in FILES if path.suffix not in {".lock", ".svg", ".png"}]

    assert _offenders(pattern, searched) == [], what


def test_no_room_is_named_for_nothing_in_particular() -> None:
    vague = {"utils", "helpers", "helper", "util", "manager", "common", "misc"}

    assert [_shown(path) for path in FILES if path.suffix in CODE and path.stem in vague] == []


def test_lock_file_pins_every_dependency_by_hash() -> None:
    lock = _text(ROOT / "requirements.lock")
    pins = re.findall(r"^[a-z0-9][\w.\-\[\]]*==\S+", lock, re.MULTILINE)
    hashed = re.findall(r"^[a-z0-9][\w.\-\[\]]*==[^\n]* \\\n {4}--hash=sha256:", lock, re.MULTILINE)

    assert len(pins) == len(hashed) > 50
