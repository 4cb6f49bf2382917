"""The members of an evidence pack and their forms, which the one who writes a pack and the one who checks it share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

FORMAT = "jidoka-evidence/1"

RECORD = "record.pdf"
"""For people."""
INSTANCE = "instance.json"
SNAPSHOT = "snapshot.json"
"""The exact text whose hash is in the last step."""
DEFINITION = "definition.json"
"""The program the instance runs by; its hash is the digest in the steps."""
STEPS = "steps.jsonl"
"""One step a line: {"row": what is hashed, "prev_hash", "hash", "xact"}."""
SIGNATURES = "signatures.jsonl"
AUDIT = "audit.jsonl"
"""Denied attempts and other acts on the instance that are no steps: {"id", "row": what is hashed, "hash", "xact"}."""
COMMENTS = "comments.json"
ATTACHMENTS = "attachments.json"
"""Of each file name, type, size and hash; the files themselves are under `FILES`."""
FILES = "attachments/"
PROOFS = "proofs.jsonl"
"""Of each row the path to the checkpoint that covers it; `checkpoint` null: written in the minute before the export."""
CHECKPOINTS = "checkpoints.jsonl"
"""From the first that covers a row to the last, without gaps."""
MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
"""The hash of the manifest; it is also on record in the audit trail of the plant."""


def text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def lines(values: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for value in values)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_member(attachment: Mapping[str, Any]) -> str:
    """Where the content of an attachment is; its own name stays out of the path."""
    return f"{FILES}{attachment['id']}"
