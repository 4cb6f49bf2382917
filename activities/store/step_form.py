"""What the statements of a step share: their form, times and the key of the instance."""

from __future__ import annotations

import datetime as dt
from typing import Any, LiteralString

from psycopg.types.numeric import Int8

from workflows.messages.instance import StepRecord

Statement = tuple[LiteralString, dict[str, Any]]
"""SQL with named parameters, and these."""


def utc(text: str) -> str:
    """An RFC 3339 time in the one form that hashes are taken over: UTC, microseconds, `Z`."""
    return utc_text(dt.datetime.fromisoformat(text))


def utc_text(moment: dt.datetime) -> str:
    """As `utc`, of a time with a zone."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def key_of(record: StepRecord) -> dict[str, Any]:
    """Parameters that name the instance and the step.

    Whole numbers go as `bigint` whatever their size: a statement is prepared once per combination of types.
    """
    return {
        "tenant_id": record.tenant,
        "process": record.process,
        "entity_id": Int8(record.entity_id),
        "number": record.number,
        "seq": Int8(record.seq),
        "at": utc(record.at),
        "username": record.command["actor"]["username"],
    }


def reason_of(command: dict[str, Any]) -> str | None:
    """Why the actor did it, in the actor's words."""
    data = command.get("data") or {}
    reason = data.get("reason") or data.get("comment")
    return reason if isinstance(reason, str) else None
