"""Checkpoints: now and then, one hash over all audited rows of a tenant that are new, chained to the one before.

A row's own hash tells a changed row from one as written, the chain of an instance also a missing one. Checkpoints
tell the same of every row, and of rows that were changed or removed together with their hashes. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workflows.domain import merkle
from workflows.domain.hash_chain import row_hash


@dataclass(frozen=True, slots=True)
class Covered:
    """An audited row, as a checkpoint names it."""

    kind: str
    """step, audit or signature."""
    key: str
    """`process/entity id/sequence number` of a step, the id of others."""
    xact: int
    """The transaction that wrote it."""
    hash: str
    """Its own."""

    @property
    def leaf(self) -> str:
        return merkle.leaf(json.dumps([self.kind, self.key, self.xact, self.hash], separators=(",", ":")))

    @property
    def name(self) -> str:
        """For people."""
        return f"{'audit row' if self.kind == 'audit' else self.kind} {self.key}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One link of a tenant's chain of checkpoints; its hash covers all other fields."""

    tenant: str
    seq: int
    at: str
    """RFC 3339, UTC, microseconds."""
    upto: int
    """Rows of transactions before this one are covered by it or by an earlier checkpoint."""
    count: int
    root: str
    prev_hash: str
    hash: str

    def true_hash(self) -> str:
        """What `hash` must be."""
        return row_hash(self.prev_hash, _hashed(self))

    def to_json(self) -> dict[str, Any]:
        return _hashed(self) | {"prev_hash": self.prev_hash, "hash": self.hash}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Checkpoint:
        """Raises KeyError, TypeError or ValueError for what is none."""
        texts = {name: str(raw[name]) for name in ("tenant", "at", "root", "prev_hash", "hash")}
        return cls(**texts, seq=int(raw["seq"]), upto=int(raw["upto"]), count=int(raw["count"]))


def checkpoint(tenant: str, seq: int, *, at: str, upto: int, rows: Sequence[Covered], previous: str) -> Checkpoint:
    """The next checkpoint. `rows`: at least one, in the order in which they are its leaves."""
    root = merkle.root([row.leaf for row in rows])
    blank = Checkpoint(tenant, seq, at, upto, len(rows), root, previous, "")
    return Checkpoint(tenant, seq, at, upto, len(rows), root, previous, blank.true_hash())


def _hashed(point: Checkpoint) -> dict[str, Any]:
    return {name: getattr(point, name) for name in ("tenant", "seq", "at", "upto", "count", "root")}
