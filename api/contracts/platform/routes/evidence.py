"""Evidence: one file with everything about an instance, which proves itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from api.contracts.platform import examples, translate
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.schemas import SignatureList
from api.deps import Asked, From, Who
from api.operation import operation
from api.resolve import EntityRef, EntityType, instance_id
from workflows.domain.errors import NotFound

router = APIRouter(prefix="/api/v1/workflows/{entity_type}/{entity_id}", route_class=PlatformRoute)

_MISSING = NotFound("no ncr_report with id 235", details={"process": "ncr_report", "id": 235})
_PACK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The pack, as an attachment.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}, "example": "(the bytes)"}},
    }
}


@router.get("/evidence", response_class=Response, responses=_PACK)
@operation("evidence.export", errors=(_MISSING,))
async def export_evidence(
    entity_type: EntityType, entity_id: EntityRef, who: Who, asked: Asked, origin: From
) -> Response:
    """The evidence pack of an instance: a ZIP archive with the record as PDF, its data, every step as it was hashed,
    signatures, comments, files, and the proof that all of it is as it was written.

    `jidoka evidence verify FILE` checks it with no server and no database. The export goes on record in the audit
    log, with the hash of the pack's manifest.
    """
    found = await instance_id(asked, who, entity_type, entity_id)
    filename, content = await asked.evidence.export(who.tenant, entity_type, found, by=who.actor, origin=origin)
    disposition = f"attachment; filename*=UTF-8''{quote(filename)}"
    return StreamingResponse(content, media_type="application/zip", headers={"Content-Disposition": disposition})


@router.get("/signatures", response_model=SignatureList)
@operation("instance.read", response=examples.SIGNATURES, errors=(_MISSING,))
async def list_signatures(entity_type: EntityType, entity_id: EntityRef, who: Who, asked: Asked) -> dict[str, Any]:
    """Electronic signatures on the instance, in the order in which they were given."""
    found = await instance_id(asked, who, entity_type, entity_id)
    await asked.reading.history(who.tenant, entity_type, found, per_page=1)  # an unknown instance has no empty list
    given = await asked.signatures.of_instance(who.tenant, entity_type, found)
    return {"signatures": [translate.signature(entry) for entry in given]}
