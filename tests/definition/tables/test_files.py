"""Tables in files of their own."""

from __future__ import annotations

from pathlib import Path

from activities.services.definitions import Definitions
from activities.store.database import Database
from tests.definition.catalogues import CATALOGUE
from tests.definition.definitions import HEAD, compiled
from tests.definition.tables.written import DATA, MATRIX, STATES, checked
from workflows.definition.compile import compile_file

BODY = DATA + "tables: {it: tables/ncr_approval.yaml}\n" + STATES


def test_a_table_in_a_file_is_the_table_written_inline() -> None:
    apart = compiled(BODY, files={"tables/ncr_approval.yaml": MATRIX}).program
    inline = checked(MATRIX).program

    assert apart is not None
    assert apart == inline


def test_a_change_of_the_file_is_another_program() -> None:
    other = (
        MATRIX.replace("'> 10000'", "'> 10000.5'").replace("'<= 10000'", "'<= 10000.5'").replace("10000]", "10000.5]")
    )
    programs = [compiled(BODY, files={"tables/ncr_approval.yaml": text}).program for text in (MATRIX, other)]

    assert all(programs)
    assert len({program.digest for program in programs if program is not None}) == 2


def test_comments_and_descriptions_in_the_file_do_not_belong_to_the_program() -> None:
    other = f"# a comment\n{MATRIX}description: Words\n"
    first, second = (compiled(BODY, files={"tables/ncr_approval.yaml": text}).program for text in (MATRIX, other))

    assert first is not None
    assert second is not None
    assert first.digest == second.digest


def test_what_is_wrong_in_the_file_is_told_with_its_name_and_position(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "ncr_approval.yaml").write_text(MATRIX.replace('"ceo"', '"ceo" + 1'))
    (tmp_path / "it.yaml").write_text(HEAD + BODY)
    found = compile_file(tmp_path / "it.yaml", CATALOGUE).errors

    [error] = found
    assert Path(error.file) == tmp_path / "tables" / "ncr_approval.yaml"
    line = next(number for number, text in enumerate(MATRIX.splitlines(), start=1) if '"ceo"' in text)
    assert (error.line, error.code) == (line, "J302")


def test_a_file_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(MATRIX)
    (tmp_path / "area").mkdir()
    (tmp_path / "area" / "it.yaml").write_text(HEAD + BODY.replace("tables/ncr_approval.yaml", "../secret.yaml"))
    found = compile_file(tmp_path / "area" / "it.yaml", CATALOGUE).errors

    assert [item.code for item in found] == ["J120"]


def test_the_skeleton_of_a_process_with_a_missing_table_is_still_checked() -> None:
    entry = "[{decide: it, into: approval}, {log: it, value: tables.it.role + 1}]"
    states = f"states: {{open: {{entry: {entry}, always: {{to: up}}}}}}\n"
    found = compiled(BODY.replace(STATES, states)).errors

    assert [(item.code, item.message.split(":")[0]) for item in found] == [
        ("J120", "`tables/ncr_approval.yaml` cannot be read"),
        ("J201", "there is no state `up`"),
    ]


async def test_tables_are_published_among_the_files_of_a_definition() -> None:
    class NoDatabase(Database):
        """Validation touches no table."""

        def __init__(self) -> None:
            pass

    definitions = Definitions(NoDatabase(), CATALOGUE)
    with_table = await definitions.validate(HEAD + BODY, files={"tables/ncr_approval.yaml": MATRIX})
    without = await definitions.validate(HEAD + BODY)

    assert with_table.program is not None
    assert with_table.program.tables["it"].hit == "unique"
    assert [item.code for item in without.errors] == ["J120"]
