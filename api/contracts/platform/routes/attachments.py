"""Files at an instance: upload, list, download, void."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from activities.services.attachments import Upload
from activities.services.collaboration import Place
from api.contracts.platform import collaboration
from api.contracts.platform.collaboration import AttachmentList, AttachmentView
from api.contracts.platform.errors import PlatformRoute
from api.contracts.platform.schemas import Reason
from api.deps import Asked, From, Who
from api.operation import operation
from api.resolve import EntityRef, EntityType, instance_id
from api.strict_request import StrictRequest
from workflows.domain.errors import InvalidInput, NotAllowed, NotFound, PayloadTooLarge

router = APIRouter(prefix="/api/v1/workflows/{entity_type}/{entity_id}/attachments", route_class=PlatformRoute)

_AROUND = 64 * 1024
"""Bytes of a multipart body around the file itself."""
_LARGEST = 50 * 1024 * 1024 + _AROUND
"""What no setting can raise."""
_FIELDS = {"file", "task"}
_MISSING = NotFound("no ncr_report with id 235")
_NO_FILE = NotFound("There is no attachment 13 of ncr_report 234")
_FALSE_TYPE = InvalidInput(
    "report.pdf is image/png by its content, which is not what its name says",
    code="FILE_TYPE_MISMATCH",
    violations=[
        {
            "field": "file",
            "value": "report.pdf",
            "constraint": "is image/png by its content, which is not what its name says",
        }
    ],
)
_TOO_LARGE = PayloadTooLarge(
    "film.mp4 is larger than 10485760 bytes", code="FILE_TOO_LARGE", details={"limit_bytes": 10_485_760}
)
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "task": {"type": "string", "description": "Id of the task it belongs to."},
                    },
                },
                "example": {"file": "(the bytes)", "task": "1"},
            }
        },
    }
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file as it was uploaded, always as an attachment.",
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "(the bytes)"}
        },
    }
}


@router.post("", status_code=201, response_model=AttachmentView, openapi_extra=_FORM)
@operation(
    "task.collaborate",
    limit=_LARGEST,
    response=collaboration.ATTACHMENT,
    errors=(_MISSING, _FALSE_TYPE, _TOO_LARGE),
)
async def upload(
    entity_type: EntityType, entity_id: EntityRef, request: Request, who: Who, asked: Asked, origin: From
) -> dict[str, Any]:
    """Attach a file: photos, PDF, office documents, text, STEP, ZIP; up to 10 MB, or what the installation sets.

    What it is, is found in its content; name and declared type must agree. Archives are unpacked on trial: bombs,
    macros, encrypted entries and paths that lead out are refused.
    """
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    await asked.attachments.demand_instance(place)
    assert isinstance(request, StrictRequest), "the route class made it"
    request.narrow(asked.attachments.largest + _AROUND)
    sent, task = await _sent(request)
    made = await asked.attachments.add(place, sent, task=task, actor=who.actor, origin=origin)
    return collaboration.attachment(made)


@router.get("", response_model=AttachmentList)
@operation("instance.read", response=collaboration.ATTACHMENTS, errors=(_MISSING,))
async def list_attachments(entity_type: EntityType, entity_id: EntityRef, who: Who, asked: Asked) -> dict[str, Any]:
    """Files at the instance, oldest first; void ones say so."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    return {"attachments": [collaboration.attachment(item) for item in await asked.attachments.listed(place)]}


@router.get("/{attachment_id}", response_class=Response, responses=_FILE)
@operation("instance.read", errors=(_NO_FILE,))
async def download(
    entity_type: EntityType,
    entity_id: EntityRef,
    attachment_id: Annotated[int, Path(ge=1, le=10**18)],
    who: Who,
    asked: Asked,
) -> Response:
    """The file, compared with its hash on the way out; never shown in the browser's own window."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    item, content = await asked.attachments.content(place, attachment_id)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(item.name)}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=item.media_type, headers=headers)


@router.post("/{attachment_id}/void", response_model=AttachmentView)
@operation(
    "task.collaborate",
    request={"reason": "Photo of the wrong lot"},
    response=collaboration.ATTACHMENT_VOID,
    errors=(_NO_FILE, NotAllowed("Only jane.inspector, who uploaded this file, can void it")),
)
async def void(
    entity_type: EntityType,
    entity_id: EntityRef,
    attachment_id: Annotated[int, Path(ge=1, le=10**18)],
    body: Reason,
    who: Who,
    asked: Asked,
    origin: From,
) -> dict[str, Any]:
    """Declare a file void, with a reason; by who uploaded it, or an admin. Nothing is deleted."""
    place = Place(who.tenant, entity_type, await instance_id(asked, who, entity_type, entity_id))
    voided = await asked.attachments.void(
        place,
        attachment_id,
        reason=body.reason,
        anybody_s=who.may("people.manage"),
        actor=who.actor,
        origin=origin,
    )
    return collaboration.attachment(voided)


async def _sent(request: StrictRequest) -> tuple[Upload, str | None]:
    """The one file of the form, and the task it belongs to. The body goes to disk while it comes in."""
    async with request.form(max_files=1, max_fields=1, max_part_size=1024) as form:
        unknown = sorted(set(form) - _FIELDS)
        file, task = form.get("file"), form.get("task")
        if unknown or not isinstance(file, UploadFile) or isinstance(task, UploadFile):
            field, constraint = (unknown[0], "is not known") if unknown else ("file", "must be a file")
            violation = {"field": field, "value": None, "constraint": constraint}
            raise InvalidInput(f"{field} {constraint}; send multipart/form-data", violations=[violation])
        return Upload(file.filename, file.content_type, await file.read()), task or None
