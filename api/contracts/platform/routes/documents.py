"""Paper: the record of an instance as a PDF, and the documents that processes made."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.contracts.platform import examples, translate
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.schemas import DocumentList
from api.deps import Asked, Who
from api.operation import operation
from api.resolve import EntityRef, EntityType, instance_id
from workflows.domain.errors import NotFound

router = APIRouter(prefix="/api/v1/workflows/{entity_type}/{entity_id}", route_class=PlatformRoute)

_MISSING = NotFound("no ncr_report with id 235", details={"process": "ncr_report", "id": 235})
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, as an attachment.",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/document", response_class=Response, responses=_FILE)
@operation("instance.read", errors=(_MISSING,))
async def print_instance(entity_type: EntityType, entity_id: EntityRef, who: Who, asked: Asked) -> Response:
    """The instance as a PDF, as it stands now: header, data, timeline, diagram."""
    found = await instance_id(asked, who, entity_type, entity_id)
    filename, content = await asked.documents.printed(who.tenant, entity_type, found)
    return _attachment(filename, content, "application/pdf")


@router.get("/documents", response_model=DocumentList)
@operation("instance.read", response=examples.DOCUMENTS, errors=(_MISSING,))
async def list_documents(entity_type: EntityType, entity_id: EntityRef, who: Who, asked: Asked) -> dict[str, Any]:
    """Documents that the process made, youngest first."""
    found = await instance_id(asked, who, entity_type, entity_id)
    await asked.reading.history(who.tenant, entity_type, found, per_page=1)  # an unknown instance has no empty list
    kept = await asked.documents.kept(who.tenant, entity_type, found)
    return {"documents": [translate.document(item) for item in kept]}


@router.get("/documents/{document_id}", response_class=Response, responses=_FILE)
@operation("instance.read", errors=(NotFound("no document 5 of ncr_report 234"),))
async def get_document(
    entity_type: EntityType,
    entity_id: EntityRef,
    document_id: Annotated[int, Path(ge=1, le=10**18)],
    who: Who,
    asked: Asked,
) -> Response:
    """One document, as it was made."""
    found = await instance_id(asked, who, entity_type, entity_id)
    document, content = await asked.documents.content(who.tenant, entity_type, found, document_id)
    return _attachment(document.filename, content, document.media_type)


def _attachment(filename: str, content: bytes, media_type: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(filename)}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})
