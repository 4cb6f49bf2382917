"""The SCXML test suite of the SCION project: fetched once with npm into build/, never kept in the repository.

Only the tests are taken out of the package; nothing of it is run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = "@scion-scxml/test-framework"
VERSION = "2.0.16"
SHA256 = "b813071f5691c7a36bab65ba5ce5aae479933395177447a6609c110bc936622b"
W3C = "w3c-ecma"
_BUILD = Path(__file__).parents[2] / "build" / "conformance"


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One statechart with the configurations it must go through."""

    name: str
    """`<group>/<test>`."""
    scxml: Path
    expected: dict[str, Any]
    """`{"initialConfiguration", "events": [{"event": {name, data?}, "after"?: ms, "nextConfiguration"}]}`."""

    def read(self, path: str) -> str:
        """A file beside the document."""
        return (self.scxml.parent / path).read_text()


@cache
def cases() -> dict[str, Case]:
    """All cases by name; a document without expectations (a part of another one, a manual test) is none."""
    root = _tests()
    found = {}
    for scxml in sorted(root.glob("*/*.scxml")):
        expectations = scxml.with_suffix(".json")
        if expectations.exists():
            name = f"{scxml.parent.name}/{scxml.name.removesuffix('.scxml').removesuffix('.txml')}"
            found[name] = Case(name, scxml, json.loads(expectations.read_text()))
    return found


def _tests() -> Path:
    tests = _BUILD / VERSION / "package" / "test"
    if not tests.exists():
        _fetch(_BUILD / VERSION)
    return tests


def _fetch(folder: Path) -> None:
    npm = shutil.which("npm")
    assert npm is not None, "the conformance suite is fetched with npm, which is not on the PATH"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", work, "--ignore-scripts", "--silent"]
        subprocess.run(command, check=True, cwd=work, capture_output=True, timeout=100)
        (archive,) = Path(work).glob("*.tgz")
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert digest == SHA256, f"{PACKAGE} {VERSION} is not the package it was: {digest}"
        unpacked = Path(work) / "unpacked"
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, filter="data")
        if not folder.exists():
            unpacked.rename(folder)
