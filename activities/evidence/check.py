"""Checks an evidence pack with nothing but the file: no server, no database, no network.

Says what is wrong, and where. Everything that the pack says is held against something else in it: files against the
manifest, the manifest against its seal, each step against its hash and the step before, signatures against their
steps, rows against their checkpoints, and the archive against the one form that it can have.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from activities.evidence import members
from activities.evidence.archive import archive
from workflows.domain import merkle
from workflows.domain.checkpoints import Checkpoint, Covered
from workflows.domain.hash_chain import GENESIS, content_hash, row_hash
from workflows.domain.signing import hash_of

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Verdict:
    problems: list[str]
    """Empty: the pack is as it was written."""
    about: dict[str, Any] = field(default_factory=dict)
    """Of the manifest and the instance: made_at, made_by, tenant, process, entity_id, number, seq."""
    uncovered: int = 0
    """Rows that no checkpoint covered yet when the pack was made; only the chain of the instance speaks for them."""
    checkpoint: str | None = None
    """Hash of the last checkpoint in the pack, to be compared with one that was kept elsewhere."""


def check(raw: bytes) -> Verdict:
    """The verdict on the content of a file."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as opened:
            listed = [(name, opened.read(name)) for name in opened.namelist()]
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError) as problem:
        return Verdict([f"the archive cannot be read: {problem}"])
    files = dict(listed)
    problems = list(_sealed(files))
    for part in (_steps, _instance, _signatures, _attachments, _proofs):
        problems += _guarded(part, files)
    if not problems and archive(listed) != raw:
        problems.append("the archive was changed outside its files")
    return Verdict(problems, **_told(files))


def _guarded(part: Callable[[Files], Iterator[str]], files: Files) -> list[str]:
    """What is not even readable must not keep the rest from being checked."""
    try:
        return list(part(files))
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as problem:
        return [f"{part.__name__.removeprefix('_')} cannot be read: {type(problem).__name__} {problem}"]


def _told(files: Files) -> dict[str, Any]:
    try:
        manifest, instance = _json(files, members.MANIFEST), _json(files, members.INSTANCE)
        about = {name: manifest[name] for name in ("made_at", "made_by")}
        about |= {name: instance[name] for name in ("tenant", "process", "entity_id", "number", "seq")}
        proofs, points = _lines(files, members.PROOFS), _lines(files, members.CHECKPOINTS)
        waiting = sum(proof["checkpoint"] is None for proof in proofs)
        return {"about": about, "uncovered": waiting, "checkpoint": points[-1]["hash"] if points else None}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


# --- the manifest -------------------------------------------------------------------------------------------


def _sealed(files: Files) -> Iterator[str]:
    if members.MANIFEST not in files or members.SEAL not in files:
        yield f"{members.MANIFEST} or {members.SEAL} is missing"
        return
    if files[members.SEAL] != members.sha256(files[members.MANIFEST]).encode() + b"\n":
        yield f"{members.MANIFEST} does not match {members.SEAL}"
    yield from _guarded(_manifest, files)


def _manifest(files: Files) -> Iterator[str]:
    manifest = _json(files, members.MANIFEST)
    if manifest["format"] != members.FORMAT:
        yield f"the format {manifest['format']!r} is not known here"
    named = manifest["files"]
    for name, kept in named.items():
        if name not in files:
            yield f"{name} is missing"
        elif kept != {"sha256": members.sha256(files[name]), "size": len(files[name])}:
            yield f"{name} was changed"
    for name in files.keys() - named.keys() - {members.MANIFEST, members.SEAL}:
        yield f"{name} was added"


# --- steps --------------------------------------------------------------------------------------------------


def _steps(files: Files) -> Iterator[str]:
    about, previous = _json(files, members.INSTANCE), GENESIS
    steps = _lines(files, members.STEPS)
    for expected, step in enumerate(steps, 1):
        row = step["row"]
        if row["seq"] != expected:
            yield f"step {expected} is missing"
        elif step["prev_hash"] != previous or row_hash(previous, row) != step["hash"]:
            yield f"step {expected} was changed"
        if any(row[name] != about[other] for name, other in _SAME.items()):
            yield f"step {expected} belongs to another instance"
        previous = step["hash"]
    if (len(steps), previous) != (about["seq"], about["chain_head"]):
        yield f"{members.INSTANCE} does not end the chain of the steps"


_SAME = {"tenant_id": "tenant", "process": "process", "entity_id": "entity_id"}


def _instance(files: Files) -> Iterator[str]:
    last = _lines(files, members.STEPS)[-1]["row"]
    about, snapshot = _json(files, members.INSTANCE), _json(files, members.SNAPSHOT)
    if content_hash(files[members.SNAPSHOT].decode()) != last["snapshot_hash"]:
        yield f"{members.SNAPSHOT} is not what the last step left"
    if members.sha256(files[members.DEFINITION]) != last["digest"]:
        yield f"{members.DEFINITION} is not what the last step ran by"
    if (about["number"], about["status"]) != (snapshot["number"], last["status"]):
        yield f"{members.INSTANCE} does not say what the last step says"


# --- signatures and files -----------------------------------------------------------------------------------


def _signatures(files: Files) -> Iterator[str]:
    steps = {step["row"]["seq"]: step for step in _lines(files, members.STEPS)}
    given = {seq: effect for seq, step in steps.items() for effect in _effects(step) if effect["kind"] == "sign"}
    for kept in _lines(files, members.SIGNATURES):
        row, effect = kept["row"], given.pop(kept["row"]["seq"], None)
        name = f"signature {kept['id']} of {row['printed_name']}"
        if row_hash(row["chain_hash"], row) != kept["hash"]:
            yield f"{name} was changed"
        if effect is None or effect["signature"] != json.loads(row["signature"]):
            yield f"{name} is not that of step {row['seq']}"
        elif steps[row["seq"]]["prev_hash"] != row["chain_hash"]:
            yield f"{name} does not follow the step before it"
        signed = json.loads(row["signature"]).get("content")
        if signed is not None and hash_of(signed) != row["content_hash"]:
            yield f"{name} is for other content"
    for seq in given:
        yield f"the signature of step {seq} is missing"


def _effects(step: dict[str, Any]) -> list[dict[str, Any]]:
    effects: list[dict[str, Any]] = json.loads(step["row"]["effects"])
    return effects


def _attachments(files: Files) -> Iterator[str]:
    attachments = _json(files, members.ATTACHMENTS)
    for attachment in attachments:
        content = files.get(members.file_member(attachment))
        if content is not None and members.sha256(content) != attachment["sha256"]:
            yield f"the content of {attachment['name']} was changed"
    there = {attachment["sha256"] for attachment in attachments}
    for kept in _lines(files, members.SIGNATURES):
        signed = json.loads(kept["row"]["signature"]).get("content") or {}
        if not there.issuperset(signed.get("attachments", ())):
            yield f"signature {kept['id']} covers a file that is not listed"


# --- checkpoints --------------------------------------------------------------------------------------------


def _proofs(files: Files) -> Iterator[str]:
    points: dict[int, Checkpoint] = {}
    for raw in _lines(files, members.CHECKPOINTS):
        point = Checkpoint.from_json(raw)
        before = points.get(point.seq - 1)
        if point.hash != point.true_hash() or (points and (before is None or before.hash != point.prev_hash)):
            yield f"checkpoint {point.seq} was changed"
        points[point.seq] = point
    proofs = {(proof["kind"], proof["key"]): proof for proof in _lines(files, members.PROOFS)}
    for row in _rows(files):
        proof = proofs.pop((row.kind, row.key), None)
        if proof is None:
            yield f"{row.name} has no proof"
        elif proof["checkpoint"] is not None and not _proven(row, proof, points.get(proof["checkpoint"])):
            yield f"{row.name} is not what checkpoint {proof['checkpoint']} covers"
    for kind, key in proofs:
        yield f"{Covered(kind, key, 0, '').name} is missing"
    yield from _changed_audit_rows(files)


def _proven(row: Covered, proof: dict[str, Any], point: Checkpoint | None) -> bool:
    if point is None:
        return False
    return merkle.climb(row.leaf, proof["position"], point.count, proof["path"]) == point.root


def _rows(files: Files) -> Iterator[Covered]:
    for step in _lines(files, members.STEPS):
        row = step["row"]
        key = f"{row['process']}/{row['entity_id']}/{row['seq']}"
        yield Covered("step", key, step["xact"], step["hash"])
    for kind, name in (("signature", members.SIGNATURES), ("audit", members.AUDIT)):
        for kept in _lines(files, name):
            yield Covered(kind, str(kept["id"]), kept["xact"], kept["hash"])


def _changed_audit_rows(files: Files) -> Iterator[str]:
    for kept in _lines(files, members.AUDIT):
        if row_hash(GENESIS, kept["row"]) != kept["hash"]:
            yield f"audit row {kept['id']} was changed"


def _json(files: Files, name: str) -> Any:
    return json.loads(files[name])


def _lines(files: Files, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[name].splitlines()]
