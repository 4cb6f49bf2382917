"""Pages as `limit` and `offset` ask for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

Limit = Annotated[int, Query(ge=1, le=500, description="Max results.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="Pagination offset.")]
