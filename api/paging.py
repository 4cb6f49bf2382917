"""Pages as `page` and `per_page` ask for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="Counts from 1.")]
PerPage = Annotated[int, Query(ge=1, le=100, description="Items per page.")]
