"""Path parameters that name an instance: by id, or by business number where that is no number itself."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path

from activities.services.reading import InstanceFilter
from api.auth.identity import Identity
from api.deps import Services
from workflows.domain.errors import NotFound

_ID = re.compile(r"[0-9]{1,18}")

EntityType = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]*$",
        max_length=100,
        description="Process of the instance.",
        examples=["ncr_report"],
    ),
]
EntityRef = Annotated[
    str,
    Path(max_length=200, description="Id of the instance, or its business number.", examples=["234"]),
]
TransitionCode = Annotated[
    str,
    Path(max_length=200, description="Code of the transition.", examples=["approve"]),
]


async def instance_id(asked: Services, who: Identity, entity_type: str, reference: str) -> int:
    """
    Raises:
        NotFound: the tenant has no instance of that number.
    """
    if _ID.fullmatch(reference):
        return int(reference)
    if not reference.isdigit():
        wanted = InstanceFilter(process=entity_type, number=reference)
        found = await asked.reading.list_instances(who.tenant, wanted, per_page=1)
        if found.items:
            return found.items[0].entity_id
    raise NotFound(f"There is no {entity_type} {reference}")
