"""From settings to services: everything below the API, made once and closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from temporalio.client import Client

from activities.actions.registry import default as default_registry
from activities.outbound.client import GuardedClient
from activities.secrets import SecretBox
from activities.services.accounts import Accounts
from activities.services.api_keys import ApiKeys
from activities.services.attachments import Attachments
from activities.services.audit import Audit
from activities.services.backlog import measure
from activities.services.certificates import Certificates
from activities.services.collaboration import Collaboration
from activities.services.definitions import Definitions
from activities.services.delegations import Delegations
from activities.services.documents import Documents
from activities.services.evidence import Evidence
from activities.services.idempotency import Idempotency
from activities.services.inbox import Inbox
from activities.services.incidents import Incidents
from activities.services.instances import Instances
from activities.services.notifications import Notifications
from activities.services.people import People
from activities.services.reading import Reading
from activities.services.signatures import Signatures
from activities.services.task_acts import TaskActs
from activities.services.tenants import Tenants
from activities.services.webhooks import Webhooks
from activities.settings import Settings
from activities.store.database import Database
from activities.store.files import Files
from activities.store.program_source import program_source
from activities.temporal import translated
from api.auth.addresses import networks
from api.auth.credentials import Credentials
from api.auth.hosts import Hosts
from api.auth.tokens import AccessTokens
from api.deps import Services
from api.servers import connect_to_temporal, database_url
from workflows.machine import programs


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Services on the servers the settings name.

    Neither server needs to be there yet: the pool connects at the first transaction and Temporal at the first
    command, so the API starts, answers what it can, and says what is missing.

    Raises:
        NotConfigured: the settings name no server.
        ValueError: a secret or a network in the settings is none.
    """
    url = database_url(settings)
    programs.install(program_source(url))
    database = Database(url, pool_size=settings.database_pool, application_name="jidoka-api")
    try:
        yield assemble(settings, database, await connect_to_temporal(settings, lazy=True))
    finally:
        await database.close()


def assemble(settings: Settings, database: Database, temporal: Client, *, queue_suffix: str = "") -> Services:
    """Services over connections that somebody else opened and closes; programs come from where they were installed."""
    if settings.jwt_secret is None or settings.secret_key is None:
        raise ValueError("settings without keys; Settings.load makes them")
    registry = default_registry()
    secret_box = SecretBox(settings.secret_key.get_secret_value())
    accounts = Accounts(database, refresh_lifetime_s=settings.refresh_token_s)
    api_keys = ApiKeys(database)
    files = open_files(settings)
    audit, inbox = Audit(database), Inbox(database)
    instances = Instances(database, temporal, registry, queue_suffix=queue_suffix)
    hosts = Hosts(Tenants(database).exists)
    tokens = AccessTokens([settings.jwt_secret.get_secret_value()], lifetime_s=settings.access_token_s)
    return Services(
        access_tokens=tokens,
        accounts=accounts,
        api_keys=api_keys,
        attachments=Attachments(database, files, largest=settings.attachment_bytes),
        audit=audit,
        backlog=partial(measure, database),
        certificates=Certificates(database),
        collaboration=Collaboration(database, base_url=settings.base_url),
        credentials=Credentials(People(database), api_keys, tokens, hosts),
        database_ping=database.ping,
        definitions=Definitions(database, registry.catalogue()),
        delegations=Delegations(database),
        documents=Documents(database),
        evidence=Evidence(database, files.get),
        hosts=hosts,
        idempotency=Idempotency(database),
        inbox=inbox,
        incidents=Incidents(database),
        instances=instances,
        notifications=Notifications(database),
        reading=Reading(database),
        secret_box=secret_box,
        signatures=Signatures(database, accounts, idle_s=settings.signature_idle_s),
        task_acts=TaskActs(inbox, instances, audit),
        temporal_ping=partial(_ping, temporal),
        trusted_proxies=tuple(networks(settings.trusted_proxies)),
        webhooks=Webhooks(database, GuardedClient(settings.allowed_private_networks), secret_box),
    )


def open_files(settings: Settings) -> Files:
    """Where this installation keeps attachments. Raises ValueError: the URL in the settings names no store."""
    return Files.at(settings.files_url) if settings.files_url else Files.on_disk(settings.data / "files")


async def _ping(temporal: Client) -> None:
    """Raises Unavailable."""
    async with translated():
        await temporal.service_client.check_health()
