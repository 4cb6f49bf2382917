"""The routes of the external contract, by what they are about."""

from __future__ import annotations

from fastapi import APIRouter

from api.contract import Contract
from api.contracts.external.errors import ExternalError, envelope
from api.contracts.external.routes import api_keys, audit_log, webhooks

router = APIRouter()
for part in (api_keys.router, webhooks.router, audit_log.router):
    router.routes.extend(part.routes)

CONTRACT = Contract(
    name="external",
    title="MES external API",
    description="API keys, webhooks and the audit log of the MES External API contract.",
    router=router,
    envelope=envelope,
    error_model=ExternalError,
    prefixes=("/api/v1/api-keys", "/api/v1/webhooks", "/api/v1/audit-log"),
)
