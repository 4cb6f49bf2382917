"""What a worker hands to its activities: the ways out of the house, made once from the settings."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from activities.outbound.client import GuardedClient
from activities.outbound.lanes import Lanes
from activities.outbound.mail import Mailer, MailServer
from activities.secrets import SecretBox
from activities.settings import Settings
from activities.store.database import Database
from activities.webhooks.health import Rules


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Equipment:
    database: Database
    http: GuardedClient
    mail: Mailer
    secrets: SecretBox
    base_url: str = "http://127.0.0.1:8000"
    """How people reach the pages; for links in letters."""
    rules: Rules = field(default_factory=Rules)
    """When a webhook endpoint counts as degraded and as lost."""
    lanes: Lanes = field(default_factory=Lanes)
    """Keeps one slow receiver from taking all of the worker."""
    drawing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """One page is laid out at a time: it takes a whole core, and commits share the process."""
    clock: Callable[[], dt.datetime] = _now
    """The time, UTC. Results that are compared later are made from what was recorded, not from this."""


def equip(settings: Settings, database: Database) -> Equipment:
    """The equipment of an installation.

    Raises:
        ValueError: a network in the settings is none.
    """
    key = settings.secret_key
    if key is None:
        msg = "settings without a secret key; Settings.load makes one"
        raise ValueError(msg)
    return Equipment(
        database=database,
        http=GuardedClient(settings.allowed_private_networks),
        mail=Mailer(settings.mail_from, _mail_server(settings), Path(settings.data) / "mail"),
        secrets=SecretBox(key.get_secret_value()),
        base_url=settings.base_url,
        rules=Rules(disabled_after=dt.timedelta(seconds=settings.webhook_disable_after_s)),
    )


def _mail_server(settings: Settings) -> MailServer | None:
    if settings.smtp_host is None:
        return None
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return MailServer(
        settings.smtp_host,
        settings.smtp_port,
        user=settings.smtp_user,
        password=password,
        starttls=settings.smtp_starttls,
    )
