"""From settings to the servers: where the database and Temporal are, given or embedded."""

from __future__ import annotations

from collections.abc import Callable

from temporalio.client import Client
from temporalio.service import RPCError, TLSConfig

from activities.embedded.postgres import EmbeddedPostgres
from activities.embedded.temporal import EmbeddedTemporal
from activities.settings import Settings
from activities.temporal import connect, register_search_attributes
from workflows.domain.errors import Unavailable
from workflows.messages import attributes


class NotConfigured(Unavailable):
    """A command needs a server that neither the environment nor a running `jidoka run` gives."""

    code = "NOT_CONFIGURED"


def embedded_postgres(settings: Settings) -> EmbeddedPostgres:
    return EmbeddedPostgres(settings.data / "postgres", log=settings.data / "logs" / "postgres.log")


def embedded_temporal(settings: Settings) -> EmbeddedTemporal:
    return EmbeddedTemporal(settings.data / "temporal", log=settings.data / "logs" / "temporal.log")


def database_url(settings: Settings) -> str:
    """DATABASE_URL, or the embedded server's when it has been started on this data folder.

    Raises:
        NotConfigured: there is neither.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    if (settings.data / "postgres" / "password").exists():
        return embedded_postgres(settings).url()
    raise NotConfigured("DATABASE_URL is not set and `jidoka run` has made no database of its own here")


def temporal_address(settings: Settings) -> str:
    """TEMPORAL_ADDRESS, or the embedded server's when it has been started on this data folder.

    Raises:
        NotConfigured: there is neither.
    """
    if settings.temporal_address is not None:
        return settings.temporal_address
    known = EmbeddedTemporal.last_address(settings.data / "temporal")
    if known is None:
        raise NotConfigured("TEMPORAL_ADDRESS is not set and `jidoka run` has started no server of its own here")
    return known


async def connect_to_temporal(settings: Settings, *, lazy: bool = False) -> Client:
    """A client with our codec; `lazy`: it connects at its first call."""
    return await connect(
        temporal_address(settings),
        namespace=settings.temporal_namespace,
        payload_keys=settings.payload_keys,
        lazy=lazy,
        tls=_tls(settings),
        api_key=settings.temporal_api_key.get_secret_value() if settings.temporal_api_key else None,
    )


async def prepare_namespace(temporal: Client, say: Callable[[str], None]) -> None:
    """Create the search attributes, or say who has to: a hosted namespace lets only its administrators do it."""
    try:
        await register_search_attributes(temporal)
    except RPCError as failure:
        names = ", ".join(attributes.KEYWORDS + attributes.BOOLS)
        say(f"search attributes could not be created ({failure.message}); an administrator must: {names}")


def _tls(settings: Settings) -> bool | TLSConfig:
    if settings.temporal_client_cert is None or settings.temporal_client_key is None:
        return settings.temporal_tls or settings.temporal_api_key is not None
    return TLSConfig(
        client_cert=settings.temporal_client_cert.read_bytes(),
        client_private_key=settings.temporal_client_key.read_bytes(),
    )
