"""Puts an evidence pack together from what the store has. Sends nothing, decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.evidence import members
from activities.evidence.archive import Archive
from activities.store.repositories import checkpoints, evidence
from activities.store.repositories.evidence import Key, Row
from activities.store.step_form import utc_text
from workflows.domain import merkle
from workflows.domain.checkpoints import Checkpoint, Covered
from workflows.domain.errors import Unavailable
from workflows.engine.events import Actor

ReadFile = Callable[[str, str], Awaitable[bytes]]
"""Content of an attachment by storage key and hash; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything but the attached files, which are read while the pack is sent."""

    files: dict[str, bytes]
    attachments: list[Row]
    """With their storage keys."""

    @property
    def manifest_sha256(self) -> str:
        return members.sha256(self.files[members.MANIFEST])

    async def stream(self, read: ReadFile | None) -> AsyncIterator[bytes]:
        """The archive, member by member."""
        made = Archive()
        for name, content in self.files.items():
            yield made.add(name, content)
        if read is not None:
            for attachment in self.attachments:
                # One that cannot be had is left out and not the end of all: whoever checks the pack is told.
                with suppress(Unavailable):
                    content = await read(attachment["storage_key"], attachment["sha256"])
                    yield made.add(members.file_member(attachment), content)
        yield made.close()


async def rows_of(connection: AsyncConnection, key: Key, kept: evidence.Kept, pdf: bytes) -> dict[str, Any]:
    """Everything on record about the instance, by member; still as rows where proofs are made of them."""
    last = kept.about["seq"]
    return {
        members.RECORD: pdf,
        members.INSTANCE: members.text(kept.about),
        members.SNAPSHOT: kept.snapshot.encode(),
        members.DEFINITION: kept.definition,
        members.STEPS: await evidence.step_rows(connection, key, last),
        members.SIGNATURES: await evidence.signature_rows(connection, key, last),
        members.AUDIT: await evidence.audit_rows(connection, key, kept.about["number"]),
        members.COMMENTS: members.text(await evidence.comments(connection, key)),
    }


def covered_rows(found: dict[str, Any]) -> list[Covered]:
    """What needs a proof."""
    steps = [
        Covered(
            "step",
            "/".join(str(row["row"][name]) for name in ("process", "entity_id", "seq")),
            row["xact"],
            row["hash"],
        )
        for row in found[members.STEPS]
    ]
    others = [("signature", members.SIGNATURES), ("audit", members.AUDIT)]
    return steps + [
        Covered(kind, str(row["id"]), row["xact"], row["hash"]) for kind, name in others for row in found[name]
    ]


async def proofs(connection: AsyncConnection, tenant: str, rows: list[Covered]) -> tuple[list[Row], list[Checkpoint]]:
    """For each row its path to a checkpoint, and the checkpoints from the first of these to the last."""
    where: dict[tuple[str, str], int] = {}
    for kind in checkpoints.KEYS:
        keys = [row.key for row in rows if row.kind == kind]
        found = await checkpoints.checkpoint_of(connection, tenant, kind, keys)
        where |= {(kind, key): seq for key, seq in found.items()}
    made: dict[tuple[str, str], Row] = {}
    wanted = set(where)
    for seq in sorted(set(where.values())):
        made |= _paths(await checkpoints.covered(connection, tenant, seq), seq, wanted)
    ordered = [made.get((row.kind, row.key)) or _without(row) for row in rows]
    numbers = sorted(set(where.values()))
    if not numbers:
        return ordered, []
    chain = checkpoints.chain(connection, tenant, first=numbers[0], final=numbers[-1])
    return ordered, [point async for point in chain]


def _paths(covered: list[tuple[int, Covered]], seq: int, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    leaves = [row.leaf for _, row in covered]
    return {
        (row.kind, row.key): {
            "kind": row.kind,
            "key": row.key,
            "checkpoint": seq,
            "position": position,
            "path": merkle.path(leaves, position),
        }
        for position, row in covered
        if (row.kind, row.key) in wanted
    }


def _without(row: Covered) -> Row:
    return {"kind": row.kind, "key": row.key, "checkpoint": None, "position": None, "path": []}


def sealed(
    found: dict[str, Any],
    attachments: list[Row],
    proven: tuple[list[Row], list[Checkpoint]],
    *,
    by: Actor,
    with_files: bool,
) -> Pack:
    """The pack, with its manifest and the seal on it; `with_files`: the content of attachments will be added."""
    files: dict[str, bytes] = {
        name: content if isinstance(content, bytes) else members.lines(content) for name, content in found.items()
    }
    shown = [{name: value for name, value in item.items() if name != "storage_key"} for item in attachments]
    files[members.ATTACHMENTS] = members.text(shown)
    files[members.PROOFS] = members.lines(proven[0])
    files[members.CHECKPOINTS] = members.lines(point.to_json() for point in proven[1])
    listed = {name: {"sha256": members.sha256(content), "size": len(content)} for name, content in files.items()}
    if with_files:
        listed |= {members.file_member(item): {"sha256": item["sha256"], "size": item["size"]} for item in attachments}
    manifest = {
        "format": members.FORMAT,
        "made_at": utc_text(dt.datetime.now(dt.UTC)),
        "made_by": {"username": by.username, "name": by.name},
        "files": listed,
    }
    files[members.MANIFEST] = members.text(manifest)
    files[members.SEAL] = members.sha256(files[members.MANIFEST]).encode() + b"\n"
    return Pack(files, attachments)
