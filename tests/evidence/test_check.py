"""A pack is checked with nothing but its bytes, and whatever was changed in it is found and named."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from activities.evidence import members
from activities.evidence.archive import archive
from activities.evidence.check import check
from activities.store.database import Database
from activities.store.tables import audit
from api.cli.evidence import verify_pack
from tests.evidence.conftest import PHOTO, Case
from workflows.domain.hash_chain import GENESIS, row_hash

Files = dict[str, bytes]


def _files(pack: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(pack)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _forged(pack: bytes, change: Callable[[Files], None]) -> bytes:
    """The pack with a change, and a manifest made anew by somebody who knows how."""
    files = _files(pack)
    change(files)
    manifest = json.loads(files[members.MANIFEST])
    manifest["files"] = {
        name: {"sha256": members.sha256(content), "size": len(content)}
        for name, content in files.items()
        if name not in {members.MANIFEST, members.SEAL}
    }
    files[members.MANIFEST] = members.text(manifest)
    files[members.SEAL] = members.sha256(files[members.MANIFEST]).encode() + b"\n"
    return archive(files.items())


def test_a_pack_as_exported_is_intact(pack: bytes, case: Case) -> None:
    verdict = check(pack)

    assert verdict.problems == []
    assert (verdict.about["tenant"], verdict.about["entity_id"], verdict.about["seq"]) == (
        case.tenant,
        case.entity_id,
        3,
    )


def test_a_pack_holds_everything(pack: bytes) -> None:
    files = _files(pack)

    assert files[members.RECORD].startswith(b"%PDF")
    assert [name for name in files if name.startswith(members.FILES)] != []
    assert PHOTO in files.values()
    assert json.loads(files[members.COMMENTS])[0]["text"] == "Look: ü"
    assert len(files[members.STEPS].splitlines()) == 3
    assert len(files[members.SIGNATURES].splitlines()) == 1
    assert len(files[members.PROOFS].splitlines()) >= 5
    assert len(files[members.CHECKPOINTS].splitlines()) >= 2


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_byte_anywhere_is_found(pack: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(pack) - 1))
    other = data.draw(st.integers(1, 255))
    changed = bytearray(pack)
    changed[place] ^= other

    assert check(bytes(changed)).problems != []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_byte_in_any_member_is_found_and_named(pack: bytes, data: st.DataObject) -> None:
    """Also when the archive around it is put in order again."""
    files = _files(pack)
    name = data.draw(st.sampled_from([name for name, content in files.items() if content]))
    place = data.draw(st.integers(0, len(files[name]) - 1))
    changed = bytearray(files[name])
    changed[place] ^= data.draw(st.integers(1, 255))

    problems = check(archive((files | {name: bytes(changed)}).items())).problems

    assert any(name in problem for problem in problems)


def test_a_missing_member_is_named(pack: bytes) -> None:
    for name in _files(pack):
        files = _files(pack)
        del files[name]

        assert any(name in problem for problem in check(archive(files.items())).problems)


def test_an_added_member_is_named(pack: bytes) -> None:
    files = _files(pack) | {"more.txt": b"more"}

    assert check(archive(files.items())).problems == ["more.txt was added"]


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_what_is_no_pack_is_no_pack(pack: bytes, cut: int) -> None:
    assert check(pack[:cut]).problems != []
    assert check(archive([])).problems != []


# --- by somebody who makes the manifest anew ----------------------------------------------------------------


def _lines(files: Files, name: str) -> list[Any]:
    return [json.loads(line) for line in files[name].splitlines()]


def _rewrite_step(files: Files) -> None:
    steps = _lines(files, members.STEPS)
    steps[1]["row"]["username"] = "mallory"
    files[members.STEPS] = members.lines(steps)


def _rewrite_chain(files: Files) -> None:
    """All hashes are made anew, to the end of the chain."""
    steps, previous = _lines(files, members.STEPS), GENESIS
    steps[1]["row"]["username"] = "mallory"
    for step in steps:
        step["prev_hash"], step["hash"] = previous, row_hash(previous, step["row"])
        previous = step["hash"]
    files[members.STEPS] = members.lines(steps)
    files[members.INSTANCE] = members.text(json.loads(files[members.INSTANCE]) | {"chain_head": previous})


def _drop_last_step(files: Files) -> None:
    files[members.STEPS] = members.lines(_lines(files, members.STEPS)[:-1])


def _drop_signature(files: Files) -> None:
    files[members.SIGNATURES] = b""


def _move_signature(files: Files) -> None:
    kept = _lines(files, members.SIGNATURES)
    kept[0]["row"]["seq"] = 3
    kept[0]["hash"] = row_hash(kept[0]["row"]["chain_hash"], kept[0]["row"])
    files[members.SIGNATURES] = members.lines(kept)


def _drop_audit_row(files: Files) -> None:
    files[members.AUDIT] = b""


def _change_photo(files: Files) -> None:
    name = next(name for name in files if name.startswith(members.FILES))
    files[name] = b"another photo"


def _change_snapshot(files: Files) -> None:
    files[members.SNAPSHOT] = files[members.SNAPSHOT].replace(b"minor", b"major")


def _change_definition(files: Files) -> None:
    files[members.DEFINITION] = files[members.DEFINITION].replace(b"Nonconformance", b"Nonconformity")


def _change_checkpoint(files: Files) -> None:
    points = _lines(files, members.CHECKPOINTS)
    points[0]["at"] = "2020-01-01T00:00:00.000000Z"
    files[members.CHECKPOINTS] = members.lines(points)


def _drop_proof(files: Files) -> None:
    files[members.PROOFS] = members.lines(_lines(files, members.PROOFS)[1:])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_rewrite_step, "step 2 was changed"),
        (_rewrite_chain, "is not what checkpoint 1 covers"),
        (_drop_last_step, "instance.json does not end the chain of the steps"),
        (_drop_signature, "the signature of step 2 is missing"),
        (_move_signature, "is not that of step 3"),
        (_drop_audit_row, "is missing"),
        (_change_photo, "the content of crack.jpg was changed"),
        (_change_snapshot, "snapshot.json is not what the last step left"),
        (_change_definition, "definition.json is not what the last step ran by"),
        (_change_checkpoint, "checkpoint 1 was changed"),
        (_drop_proof, "has no proof"),
    ],
)
def test_a_forger_who_knows_the_manifest_is_found(pack: bytes, change: Callable[[Files], None], named: str) -> None:
    problems = check(_forged(pack, change)).problems

    assert any(named in problem for problem in problems), problems


def test_nothing_changed_by_the_forger_is_intact(pack: bytes) -> None:
    assert check(_forged(pack, lambda files: None)).problems == []


# --- around it ----------------------------------------------------------------------------------------------


async def test_the_export_goes_on_record(database: Database, case: Case) -> None:
    seal = _files(await case.export())[members.SEAL].decode().strip()

    async with database.transaction(case.tenant) as connection:
        query = select(audit.c.after).where(audit.c.action == "evidence.export").order_by(audit.c.id.desc())
        assert (await connection.execute(query)).scalars().first() == {"manifest_sha256": seal}


def test_the_command_says_what_it_is_and_that_it_is_intact(pack: bytes, tmp_path: Path) -> None:
    said: list[str] = []
    path = tmp_path / "pack.zip"
    path.write_bytes(pack)

    assert verify_pack(path, said.append) == 0
    assert said[0].startswith("ncr_report NCR-")
    assert said[-1].startswith("intact; last checkpoint ")


def test_the_command_says_what_is_wrong(pack: bytes, tmp_path: Path) -> None:
    said: list[str] = []
    path = tmp_path / "pack.zip"
    path.write_bytes(_forged(pack, _rewrite_step))

    assert verify_pack(path, said.append) == 1
    assert "WRONG: step 2 was changed" in said
