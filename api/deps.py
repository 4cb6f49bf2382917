"""What routes are given: the services of the application, and the circumstances of the request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from activities.secrets import SecretBox
from activities.services.accounts import Accounts
from activities.services.api_keys import ApiKeys
from activities.services.attachments import Attachments
from activities.services.audit import Audit
from activities.services.backlog import Backlog
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
from activities.services.origin import Origin
from activities.services.reading import Reading
from activities.services.signatures import Signatures
from activities.services.task_acts import TaskActs
from activities.services.webhooks import Webhooks
from api.auth.addresses import Network, client_address
from api.auth.credentials import Credentials
from api.auth.hosts import Hosts
from api.auth.identity import Identity, identity
from api.auth.tokens import AccessTokens


@dataclass(frozen=True, slots=True)
class Services:
    """Everything below the API, made once by the composition root."""

    access_tokens: AccessTokens
    accounts: Accounts
    api_keys: ApiKeys
    attachments: Attachments
    audit: Audit
    backlog: Callable[[], Awaitable[Backlog]]
    certificates: Certificates
    collaboration: Collaboration
    credentials: Credentials
    database_ping: Callable[[], Awaitable[None]]
    definitions: Definitions
    delegations: Delegations
    documents: Documents
    evidence: Evidence
    hosts: Hosts
    idempotency: Idempotency
    inbox: Inbox
    incidents: Incidents
    instances: Instances
    notifications: Notifications
    reading: Reading
    secret_box: SecretBox
    signatures: Signatures
    task_acts: TaskActs
    temporal_ping: Callable[[], Awaitable[None]]
    trusted_proxies: tuple[Network, ...]
    webhooks: Webhooks


def services(request: Request) -> Services:
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


def origin(request: Request) -> Origin:
    """Where the request comes from, for the audit trail and for address lists."""
    return Origin(
        ip=client_address(request, services(request).trusted_proxies),
        request_id=request.scope.get("request_id", ""),
    )


Asked = Annotated[Services, Depends(services)]
"""The services, as a parameter of a route."""
From = Annotated[Origin, Depends(origin)]
Who = Annotated[Identity, Depends(identity)]
"""The caller, of a route that is not public."""
