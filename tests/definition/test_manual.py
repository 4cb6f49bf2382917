"""The manual says what is true: its examples compile, its tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from activities.actions import catalogue
from workflows.definition.compile import compile_text, reader_beside
from workflows.definition.diagnostics import CODES, Report
from workflows.definition.document.actions import KINDS
from workflows.definition.document.base import LATER
from workflows.definition.document.process import ProcessDocument
from workflows.definition.document.states import TaskNode, TransitionNode
from workflows.definition.expressions import SCOPE
from workflows.definition.reader import read
from workflows.engine.scenarios import run

MANUAL = Path(__file__).parents[2] / "definitions" / "README.md"
TEXT = MANUAL.read_text(encoding="utf-8")
KNOWN = catalogue()
READ = reader_beside(MANUAL)
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [(TEXT.count("\n", 0, match.start()) + 1, match[1]) for match in BLOCK.finditer(TEXT)]
HEAD = ("process", "version", "title", "start", "data")


def completed(example: str) -> str:
    """The example under the parts of the head that it leaves out."""
    whole = EXAMPLES[0][1]
    source = read(example, Report("README.md"))
    assert source is not None
    missing = [key for key in HEAD if key not in source.value]
    sections = {section.split(":")[0]: section for section in re.split(r"^(?=[a-z]+:)", whole, flags=re.MULTILINE)}
    return "".join(sections[key] for key in missing) + example


def diagnostics_table() -> str:
    rows = [f"| {code} | {severity} | {text} |" for code, (severity, text) in CODES.items()]
    return "\n".join(["| code | severity | meaning |", "|---|---|---|", *rows])


@pytest.mark.parametrize(("line", "example"), EXAMPLES, ids=[f"line-{line}" for line, _ in EXAMPLES])
def test_every_example_compiles(line: int, example: str) -> None:
    compilation = compile_text(completed(example), filename=f"example in line {line}", catalogue=KNOWN, read_file=READ)

    assert compilation.program is not None, "\n".join(map(str, compilation.errors))


@pytest.mark.parametrize(("line", "example"), EXAMPLES, ids=[f"line-{line}" for line, _ in EXAMPLES])
def test_the_scenarios_of_every_example_hold(line: int, example: str) -> None:
    compilation = compile_text(completed(example), filename=f"example in line {line}", catalogue=KNOWN, read_file=READ)

    assert compilation.program is not None
    assert compilation.document is not None
    problems = [run(compilation.program, scenario, {}).problems for scenario in compilation.document.scenarios]
    assert problems == [[]] * len(problems)


def test_the_whole_example_has_nothing_to_complain_about() -> None:
    compilation = compile_text(EXAMPLES[0][1], filename="example", catalogue=KNOWN, read_file=READ)

    assert compilation.diagnostics == []


def test_the_table_of_diagnostics_is_that_of_the_code() -> None:
    table = TEXT.split("<!-- diagnostics: begin -->\n")[1].split("\n<!-- diagnostics: end -->")[0]

    assert table == diagnostics_table()


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("The head", ProcessDocument.keys()),
        ("Transitions", TransitionNode.keys()),
        ("Tasks", TaskNode.keys()),
        ("Actions", list(KINDS)),
        ("Values", list(SCOPE)),
        ("Not supported yet", [word for word in LATER if not word.endswith("s") or word == "tables"]),
    ],
)
def test_every_word_is_explained_where_it_belongs(heading: str, words: list[str]) -> None:
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]

    assert [word for word in words if not re.search(rf"`{word}[`:]", section)] == []
