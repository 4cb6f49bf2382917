"""Commands about definitions: check, scenarios, simulate, diagram, import-scxml, export. They need no server.

Results go to stdout, everything else to stderr. Exit status: 0 good, 1 the definition has errors or a scenario
fails, 2 the input cannot be used.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

commands = typer.Typer(no_args_is_help=True)
"""Mounted at the top of `jidoka`."""

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="Definitions, YAML.")]
OneFile = Annotated[Path, typer.Argument(metavar="FILE", help="A definition (YAML) or a statechart (.scxml).")]


class Report(StrEnum):
    text = "text"
    json = "json"


class Picture(StrEnum):
    mermaid = "mermaid"
    svg = "svg"


class Notation(StrEnum):
    scxml = "scxml"
    xstate = "xstate"
    mermaid = "mermaid"


@commands.command()
def check(
    files: Files,
    output: Annotated[Report, typer.Option("--format")] = Report.text,
    strict: Annotated[bool, typer.Option(help="Warnings fail too.")] = False,
) -> None:
    """Say everything that is wrong with definitions: file:line:column, code, message, suggestion."""
    from api.cli.definition_files import compile_definition

    compiled = [(path, compile_definition(path)) for path in files]
    failed = any(result.program is None or (strict and result.diagnostics) for _, result in compiled)
    if output is Report.json:
        _print_json(
            [
                {
                    "file": str(path),
                    "ok": result.program is not None,
                    "process": result.program.process if result.program else None,
                    "version": result.program.version if result.program else None,
                    "digest": result.program.digest if result.program else None,
                    "diagnostics": [diagnostic.to_json() for diagnostic in result.diagnostics],
                }
                for path, result in compiled
            ]
        )
    else:
        for path, result in compiled:
            for diagnostic in result.diagnostics:
                print(diagnostic)
            if not result.diagnostics:
                print(f"{path}: ok")
    raise typer.Exit(int(failed))


@commands.command()
def scenarios(
    files: Files,
    output: Annotated[Report, typer.Option("--format")] = Report.text,
    require_coverage: Annotated[
        float, typer.Option(min=0, max=100, metavar="PERCENT", help="Fail below this share of covered transitions.")
    ] = 0.0,
) -> None:
    """Run the scenarios of definitions on a virtual clock and say which transitions none of them takes."""
    from api.cli.scenario_report import report, shown

    reports = [report(path) for path in files]
    if output is Report.json:
        _print_json([item.to_json() for item in reports])
    else:
        print("\n\n".join(shown(item) for item in reports))
    good = all(item.passed and item.coverage.percent >= require_coverage for item in reports)
    raise typer.Exit(0 if good else 1)


@commands.command()
def simulate(
    file: OneFile,
    events: Annotated[Path, typer.Option(help='JSON list of {"event": …, "data": {…}} or {"advance": "PT2H"}.')],
    data: Annotated[Path | None, typer.Option(help="JSON object: the start data. Default: {}.")] = None,
    facts: Annotated[Path | None, typer.Option(help="JSON object: values of facts. Default: nothing recorded.")] = None,
    at: Annotated[str | None, typer.Option(help="When it begins, RFC 3339. Default: a fixed Monday morning.")] = None,
    auto: Annotated[bool, typer.Option(help="Actions succeed by themselves, with an empty result.")] = False,
    output: Annotated[Report, typer.Option("--format")] = Report.text,
) -> None:
    """Send events to a process on a virtual clock; shows state, data and effects after the start and each event."""
    from api.cli.definition_files import load_program, read_json
    from api.cli.simulation_run import in_lines, simulated

    program = load_program(file)
    given = {"data": read_json(data) if data else {}, "facts": read_json(facts) if facts else {}}
    trace = simulated(program, read_json(events), **given, at=at, auto=auto)
    if output is Report.json:
        _print_json(trace)
    else:
        print(in_lines(trace))


@commands.command()
def diagram(
    file: OneFile,
    output: Annotated[Picture, typer.Option("--format")] = Picture.mermaid,
    active: Annotated[list[str] | None, typer.Option(metavar="STATE", help="Stands out (svg).")] = None,
    visited: Annotated[list[str] | None, typer.Option(metavar="STATE", help="Is tinted (svg).")] = None,
) -> None:
    """Draw a process."""
    from api.cli.definition_files import load_program
    from workflows.definition.exchange.mermaid import to_mermaid
    from workflows.definition.exchange.svg import svg

    program = load_program(file)
    if output is Picture.svg:
        print(svg(program, active or (), visited or ()), end="")
    else:
        print(to_mermaid(program), end="")


@commands.command("import-scxml")
def import_scxml(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A statechart, W3C SCXML.")],
) -> None:
    """Turn a statechart into a definition (YAML on stdout); state ids stay as they are."""
    from api.cli.definition_files import load_scxml, refused
    from workflows.definition.exchange.yaml_export import NotExpressible, to_yaml

    program = load_scxml(file)
    try:
        print(to_yaml(program), end="")
    except NotExpressible as problem:
        raise refused(f"{file}: {problem}") from problem


@commands.command()
def export(
    file: OneFile,
    output: Annotated[Notation, typer.Option("--format")] = Notation.scxml,
) -> None:
    """Write a process in the notation of other tools."""
    from api.cli.definition_files import load_program
    from workflows.definition.exchange.mermaid import to_mermaid
    from workflows.definition.exchange.scxml_export import to_scxml
    from workflows.definition.exchange.xstate import to_xstate

    program = load_program(file)
    match output:
        case Notation.scxml:
            print(to_scxml(program), end="")
        case Notation.xstate:
            _print_json(to_xstate(program))
        case Notation.mermaid:
            print(to_mermaid(program), end="")


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
