"""Signing secrets of endpoints at rest: sealed, bound to their tenant, opened only to sign."""

from __future__ import annotations

import datetime as dt

from activities.secrets import SecretBox
from activities.store.repositories.webhook_endpoints import Endpoint


def seal(box: SecretBox, tenant: str, secret: str) -> bytes:
    return box.seal(secret, _place(tenant))


def signing_keys(box: SecretBox, tenant: str, endpoint: Endpoint, at: dt.datetime) -> list[str]:
    """The current secret, and while a rotation lasts the previous one after it.

    Raises:
        SecretUnreadable: sealed under another installation's key.
    """
    keys = [box.open(endpoint.secret, _place(tenant))]
    until = endpoint.previous_secret_until
    if endpoint.previous_secret is not None and until is not None and at < until:
        keys.append(box.open(endpoint.previous_secret, _place(tenant)))
    return keys


def _place(tenant: str) -> str:
    return f"webhook secret of {tenant}"
