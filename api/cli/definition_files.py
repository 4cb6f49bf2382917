"""Definitions and statecharts as the command line reads them: YAML or SCXML, from a path, with everything said on
stderr when they cannot be used."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from activities.actions import catalogue
from workflows.definition.catalogue import Catalogue
from workflows.definition.compile import Compilation, compile_file
from workflows.definition.exchange.scxml_import import import_scxml
from workflows.definition.program import Program
from workflows.domain.errors import JidokaError

BAD_INPUT = 2
"""Exit status when a file or an option cannot be used."""

_EMPTY: dict[str, Any] = {"integer": 0, "number": 0.0, "boolean": False, "string": "", "array": [], "object": {}}


def known() -> Catalogue:
    """What definitions may call."""
    return catalogue()


def compile_definition(path: Path) -> Compilation:
    """Never fails: a file that cannot be read is a diagnostic."""
    return compile_file(path, known())


def load_program(path: Path) -> Program:
    """The program of a definition, or of a statechart when the name ends with `.scxml`.

    Ends the command with status 2 and the reasons on stderr when there is none.
    """
    if path.suffix.lower() == ".scxml":
        return load_scxml(path)
    compiled = compile_definition(path)
    if compiled.program is None:
        for diagnostic in compiled.diagnostics:
            say(str(diagnostic))
        raise typer.Exit(BAD_INPUT)
    return compiled.program


def load_scxml(path: Path) -> Program:
    """The program of a statechart; scripts and data beside it are read."""
    text = read_text(path)
    folder = path.resolve().parent

    def read_beside(name: str) -> str:
        target = (folder / name).resolve()
        if not target.is_relative_to(folder):
            raise ValueError("outside the folder of the document")
        return target.read_text(encoding="utf-8")

    try:
        return import_scxml(text, read_file=read_beside)
    except JidokaError as problem:
        raise refused(f"{path}: {problem.message}") from problem


def read_text(path: Path) -> str:
    """Ends the command with status 2 when the file cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise refused(f"{path}: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise refused(f"{path}: not UTF-8") from problem


def read_json(path: Path) -> Any:
    """Ends the command with status 2 when the file cannot be read or is not JSON."""
    text = read_text(path)
    try:
        return json.loads(text)
    except ValueError as problem:
        raise refused(f"{path}: not JSON: {problem}") from problem
    except RecursionError as problem:
        raise refused(f"{path}: not JSON: nested too deep") from problem


def empty_facts(program: Program) -> dict[str, Any]:
    """What facts say of a plant in which nothing is recorded yet: 0, false, an empty text, an empty list."""
    signatures = known()
    found: dict[str, Any] = {}
    for name, fact in program.facts.items():
        signature = signatures.get(fact.call, "fact")
        output: Mapping[str, Any] = signature.output if signature is not None else {}
        kind = output.get("type")
        found[name] = _EMPTY.get(kind if isinstance(kind, str) else "")
    return found


def refused(message: str) -> typer.Exit:
    """Says why on stderr; to be raised."""
    say(message)
    return typer.Exit(BAD_INPUT)


def say(message: str) -> None:
    """To stderr: stdout carries results only."""
    sys.stderr.write(message + "\n")
