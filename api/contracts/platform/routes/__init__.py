"""The routes of the platform contract, by what they are about."""

from __future__ import annotations

from fastapi import APIRouter

from api.contract import Contract
from api.contracts.platform.errors import PlatformError, envelope
from api.contracts.platform.routes import (
    attachments,
    collaboration,
    definitions,
    documents,
    evidence,
    instances,
    notifications,
    people,
    task_acts,
    tasks,
    work,
)

router = APIRouter()
PARTS = (
    task_acts.router,
    tasks.router,
    work.router,
    definitions.router,
    instances.router,
    documents.router,
    evidence.router,
    collaboration.router,
    attachments.router,
    people.router,
    notifications.router,
)
for part in PARTS:
    router.routes.extend(part.routes)

CONTRACT = Contract(
    name="platform",
    title="Jidoka platform",
    description="Instances of processes, the inbox, incidents, notices, definitions, and who acts for whom.",
    router=router,
    envelope=envelope,
    error_model=PlatformError,
    prefixes=(
        "/api/v1/workflows",
        "/api/v1/tasks",
        "/api/v1/incidents",
        "/api/v1/definitions",
        "/api/v1/delegations",
        "/api/v1/absences",
        "/api/v1/certificates",
        "/api/v1/notifications",
    ),
)
