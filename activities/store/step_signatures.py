"""The signature that belongs to a step: its row, written in the step's transaction.

The engine has accepted the signature, the API has verified the person. The step's own row has the whole effect under
its hash; this row is the same fact where people look for it, with a hash that binds the signed content to the
definition and to the chain as it was before.
"""

from __future__ import annotations

from typing import Any, LiteralString

from psycopg.types.numeric import Int4

from activities.store.step_form import Statement, key_of, utc
from workflows.domain.hash_chain import json_text, row_hash
from workflows.messages.instance import StepRecord

HASHED = (
    "tenant_id",
    "process",
    "entity_id",
    "seq",
    "state",
    "task",
    "code",
    "meaning",
    "level",
    "position",
    "complete",
    "voids",
    "username",
    "printed_name",
    "on_behalf_of",
    "signed_at",
    "content_hash",
    "signature",
    "digest",
    "chain_hash",
)
"""Columns that the hash of a signature covers; the JSON column as its text."""

_INSERT: LiteralString = """
INSERT INTO signatures (tenant_id, process, entity_id, seq, state, task, code, meaning, level, position, complete,
    voids, username, printed_name, on_behalf_of, signed_at, content_hash, signature, digest, chain_hash, hash)
VALUES (%(tenant_id)s, %(process)s, %(entity_id)s, %(seq)s, %(state)s, %(task)s, %(code)s, %(meaning)s, %(level)s,
    %(position)s, %(complete)s, %(voids)s, %(username)s, %(printed_name)s, %(on_behalf_of)s, %(signed_at)s,
    %(content_hash)s, %(signature)s, %(digest)s, %(chain_hash)s, %(hash)s)
"""


def signatures(record: StepRecord, chain_hash: str) -> list[Statement]:
    """At most one: a command carries one signature.

    Args:
        chain_hash: of the step before.
    """
    return [(_INSERT, _row(record, effect, chain_hash)) for effect in record.effects if effect["kind"] == "sign"]


def _row(record: StepRecord, effect: dict[str, Any], chain_hash: str) -> dict[str, Any]:
    key, given = key_of(record), effect["signature"]
    behalf = effect.get("on_behalf_of")
    row = {
        **{name: key[name] for name in ("tenant_id", "process", "entity_id", "seq")},
        "state": effect.get("state"),
        "task": effect.get("task"),
        "code": effect["code"],
        "meaning": effect["meaning"],
        "level": effect["level"],
        "position": Int4(effect["position"]),
        "complete": effect["complete"],
        "voids": effect["voids"],
        "username": given["username"],
        "printed_name": given["printed_name"],
        "on_behalf_of": behalf["username"] if isinstance(behalf, dict) else behalf,
        "signed_at": utc(given["at"]),
        "content_hash": given["content_hash"],
        "signature": json_text(given),
        "digest": record.digest,
        "chain_hash": chain_hash,
    }
    return {**row, "hash": row_hash(chain_hash, row)}
