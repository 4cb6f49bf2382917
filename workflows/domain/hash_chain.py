"""The hash chain of a step log: each row's hash covers the row and the hash before it.

A changed, removed or inserted row breaks the chain at its place. Pure; knows nothing of where rows are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from workflows.domain.errors import InvalidInput

GENESIS = "0" * 64
"""What the first row of a chain has before it."""


def json_text(value: Any) -> str:
    """Compact JSON as it is stored, keys in the given order.

    Raises:
        InvalidInput: NaN, infinity or half a surrogate pair, for which JSON and UTF-8 have no place.
    """
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("The text contains characters that cannot be stored", code="TEXT_NOT_STORABLE") from error
    except ValueError as error:
        raise InvalidInput("A number is not finite", code="NUMBER_NOT_FINITE") from error
    return text


def content_hash(text: str) -> str:
    """SHA-256 of a text, 64 hexadecimal characters."""
    return hashlib.sha256(text.encode()).hexdigest()


def row_hash(previous: str, row: Mapping[str, Any]) -> str:
    """Hash of `row` with all that came before it.

    Args:
        previous: hash of the row before, `GENESIS` for the first.
        row: column -> plain JSON value; the order of columns does not matter. JSON columns go in as their text.
    """
    canonical = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return content_hash(f"{previous}\n{canonical}")
