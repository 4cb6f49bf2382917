"""What `jidoka scenarios` says about one definition."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.cli.definition_files import compile_definition, empty_facts
from workflows.definition.diagnostics import Diagnostic
from workflows.engine.scenarios import Coverage, ScenarioResult, run_all


@dataclass(frozen=True, slots=True)
class DefinitionReport:
    file: str
    process: str | None
    """None: the definition has errors, and no scenario was run."""
    diagnostics: list[Diagnostic]
    results: list[ScenarioResult] = field(default_factory=list)
    coverage: Coverage = field(default_factory=lambda: Coverage(0, 0))

    @property
    def passed(self) -> bool:
        return self.process is not None and all(result.passed for result in self.results)

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "process": self.process,
            "passed": self.passed,
            "diagnostics": [diagnostic.to_json() for diagnostic in self.diagnostics],
            "scenarios": [result.to_json() for result in self.results],
            "coverage": self.coverage.to_json(),
        }


def report(path: Path) -> DefinitionReport:
    """Compiles the definition and runs all its scenarios."""
    compiled = compile_definition(path)
    program, document = compiled.program, compiled.document
    if program is None or document is None:
        return DefinitionReport(str(path), None, compiled.errors)
    results, coverage = run_all(program, document.scenarios, empty_facts(program))
    return DefinitionReport(str(path), program.process, [], results, coverage)


def shown(item: DefinitionReport) -> str:
    """For people, several lines."""
    if item.process is None:
        return "\n".join(map(str, item.diagnostics))
    lines = [f"{item.process} ({item.file})"]
    for result in item.results:
        lines.append(f"  {'pass' if result.passed else 'FAIL'}  {result.name}")
        lines += [f"        {problem}" for problem in result.problems]
    good = sum(result.passed for result in item.results)
    coverage = item.coverage
    lines.append(f"  {good} of {len(item.results)} scenarios passed")
    lines.append(f"  transition coverage {coverage.percent:g} % ({coverage.covered} of {coverage.total})")
    for missing in coverage.uncovered:
        lines.append(f"    not covered: {missing['id']}: {missing['label']} → {missing['target']}")
    return "\n".join(lines)
