"""Ids in paths. They are texts to callers and numbers to us; a text that is no number names nothing."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path

from workflows.domain.errors import NotFound

KeyId = Annotated[str, Path(alias="keyId", max_length=100, examples=["7"])]
WebhookId = Annotated[str, Path(alias="webhookId", max_length=100, examples=["3"])]
DeliveryId = Annotated[str, Path(alias="deliveryId", max_length=100, examples=["118"])]

_ID = re.compile(r"[0-9]{1,18}")


def record_id(text: str, what: str) -> int:
    """Raises NotFound."""
    if not _ID.fullmatch(text):
        raise NotFound(f"There is no {what} {text}")
    return int(text)
