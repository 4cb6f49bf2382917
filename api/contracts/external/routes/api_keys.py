"""API keys of the team."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from api.contracts.external import examples, translate
from api.contracts.external.errors import ExternalRoute
from api.contracts.external.paging import Limit, Offset
from api.contracts.external.refs import KeyId, record_id
from api.contracts.external.schemas import (
    ApiKeyInput,
    ApiKeyList,
    ApiKeyPatch,
    ApiKeyView,
    ApiKeyWithSecret,
    Regeneration,
)
from api.deps import Asked, From, Who
from api.operation import operation
from workflows.domain.errors import Conflict, NotFound

router = APIRouter(prefix="/api/v1/api-keys", route_class=ExternalRoute)

_MISSING = NotFound("There is no API key 7")
_REVOKED = Conflict("The API key has been revoked")


@router.get("", response_model=ApiKeyList)
@operation("api_key.manage", response=examples.API_KEYS)
async def list_api_keys(who: Who, asked: Asked, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """List the API keys of the team, youngest first (never the secret)."""
    found, total = await asked.api_keys.page(who.tenant, limit=limit, offset=offset)
    return {
        "api_keys": [translate.api_key(key) for key in found],
        "pagination": translate.pagination(total, limit, offset, len(found)),
    }


@router.post("", status_code=201, response_model=ApiKeyWithSecret)
@operation("api_key.manage", shows_secret=True, request=examples.API_KEY_INPUT, response=examples.API_KEY_CREATED)
async def create_api_key(body: ApiKeyInput, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Generate an API key for the team; the secret is shown once.

    `scope` says what the key may ask for, `roles` as whom it acts where a process definition demands a role.
    """
    key, text = await asked.api_keys.create(who.tenant, **body.model_dump(), actor=who.actor, origin=origin)
    return translate.api_key(key) | {"api_key": text}


@router.get("/{keyId}", response_model=ApiKeyView)
@operation("api_key.manage", response=examples.API_KEY, errors=(_MISSING,))
async def get_api_key(key_id: KeyId, who: Who, asked: Asked) -> dict[str, Any]:
    """One API key."""
    return translate.api_key(await asked.api_keys.get(who.tenant, record_id(key_id, "API key")))


@router.patch("/{keyId}", response_model=ApiKeyView)
@operation("api_key.manage", request=examples.API_KEY_PATCH, response=examples.API_KEY, errors=(_MISSING, _REVOKED))
async def change_api_key(key_id: KeyId, body: ApiKeyPatch, who: Who, asked: Asked, origin: From) -> dict[str, Any]:
    """Change name, scope, roles or IP restriction of a key."""
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    key = await asked.api_keys.change(who.tenant, record_id(key_id, "API key"), changes, actor=who.actor, origin=origin)
    return translate.api_key(key)


@router.post("/{keyId}/regenerate", response_model=ApiKeyWithSecret)
@operation(
    "api_key.manage",
    shows_secret=True,
    request=examples.REGENERATION,
    response=examples.API_KEY_CREATED,
    errors=(_MISSING, _REVOKED),
)
async def regenerate_api_key(
    key_id: KeyId, who: Who, asked: Asked, origin: From, body: Annotated[Regeneration | None, Body()] = None
) -> dict[str, Any]:
    """Regenerate (rotate) a key: a new one with the same properties, shown once.

    The old one works on for the overlap, 24 hours unless the body says otherwise, so that no caller is cut off.
    """
    overlap = dt.timedelta(hours=(body or Regeneration()).overlap_hours)
    key, text = await asked.api_keys.regenerate(
        who.tenant, record_id(key_id, "API key"), overlap=overlap, actor=who.actor, origin=origin
    )
    return translate.api_key(key) | {"api_key": text}


@router.delete("/{keyId}", status_code=204, response_class=Response)
@operation("api_key.manage", errors=(_MISSING,))
async def revoke_api_key(key_id: KeyId, who: Who, asked: Asked, origin: From) -> None:
    """Revoke a key at once, together with those it replaced."""
    await asked.api_keys.revoke(who.tenant, record_id(key_id, "API key"), actor=who.actor, origin=origin)
