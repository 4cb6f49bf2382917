"""What an electronic signature is about: the content that its hash covers, in one canonical form.

The hash says nothing of the signer, the time and the signer's comment, so that two people who sign the same content
have the same hash; who and when stand beside it and are covered by the hash of the signature's record. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from workflows.domain.hash_chain import content_hash

Meaning = Literal["authored", "reviewed", "approved", "verified", "released", "rejected"]
MEANINGS: tuple[str, ...] = get_args(Meaning)
PERSONAL = frozenset({"comment"})
"""Fields of a form that belong to the signer and not to what is signed."""


def signed_content(
    *,
    process: str,
    entity_id: int,
    number: str,
    digest: str,
    code: str,
    data: Mapping[str, Any],
    form: Mapping[str, Any],
    attachments: Iterable[str],
) -> dict[str, Any]:
    """What is signed: this transition of this record, with these data, this form and these files.

    Args:
        digest: of the definition.
        data: of the instance, as they are before the transition.
        form: what the transition carries.
        attachments: SHA-256 of each file of the instance.
    """
    return {
        "process": process,
        "entity_id": entity_id,
        "number": number,
        "digest": digest,
        "code": code,
        "data_sha256": content_hash(_canonical(data)),
        "form": {name: value for name, value in form.items() if name not in PERSONAL},
        "attachments": sorted(attachments),
    }


def hash_of(content: Mapping[str, Any]) -> str:
    """The hash of `signed_content`, whatever the order of its keys."""
    return content_hash(_canonical(content))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
