"""The tables, one file per aggregate. Importing this package fills `metadata`."""

from activities.store.tables.audit import audit
from activities.store.tables.base import metadata
from activities.store.tables.collaboration import attachments, task_comments, task_drafts, task_watchers
from activities.store.tables.definitions import definitions, programs
from activities.store.tables.documents import documents
from activities.store.tables.instances import effect_attempts, entity_ids, incidents, instances, steps
from activities.store.tables.notices import mail_queue, notification_preferences, notifications
from activities.store.tables.outbox import outbox
from activities.store.tables.people import api_keys, refresh_tokens, users
from activities.store.tables.requests import idempotency, number_series
from activities.store.tables.signatures import checkpoint_rows, checkpoints, signatures, signing_sessions
from activities.store.tables.standing import absences, certificates, delegations
from activities.store.tables.stock import lot_holds, lots
from activities.store.tables.tasks import task_candidates, tasks
from activities.store.tables.tenants import settings, tenants
from activities.store.tables.webhooks import webhook_attempts, webhook_deliveries, webhook_endpoints

__all__ = [
    "absences",
    "api_keys",
    "attachments",
    "audit",
    "certificates",
    "checkpoint_rows",
    "checkpoints",
    "definitions",
    "delegations",
    "documents",
    "effect_attempts",
    "entity_ids",
    "idempotency",
    "incidents",
    "instances",
    "lot_holds",
    "lots",
    "mail_queue",
    "metadata",
    "notification_preferences",
    "notifications",
    "number_series",
    "outbox",
    "programs",
    "refresh_tokens",
    "settings",
    "signatures",
    "signing_sessions",
    "steps",
    "task_candidates",
    "task_comments",
    "task_drafts",
    "task_watchers",
    "tasks",
    "tenants",
    "users",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
]
