"""What an installation decides, read once from the environment and handed on by constructor.

`Settings.load()` is called by the composition roots (command line, API, worker); everything below them
receives the object or a value of it. No secret is ever printed: they are `SecretStr`.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Settings(BaseSettings):
    """Names in the environment: `JIDOKA_<FIELD>`, or the plain name where a field gives one."""

    model_config = SettingsConfigDict(
        env_prefix="JIDOKA_", frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    data: Path = Path(".jidoka")
    """JIDOKA_DATA: folder of everything kept on this machine: databases, logs, keys, files."""

    host: str = Field(default="127.0.0.1", validation_alias=AliasChoices("HOST", "host"))
    """HOST: address the API listens on."""
    port: int = Field(default=8000, ge=0, le=65535, validation_alias=AliasChoices("PORT", "port"))
    """PORT: TCP port of the API; 0 takes a free one."""
    public_url: str | None = None
    """How people reach the API from outside, without a trailing slash; for links in mails and documents."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses whose X-Forwarded-For is believed, separated by commas."""

    database_url: SecretStr | None = Field(default=None, validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    """DATABASE_URL: a PostgreSQL server; unset: the embedded one (only under `jidoka run`)."""
    database_pool: int = Field(default=10, ge=1, le=200)
    """Connections each process keeps at most."""

    temporal_address: str | None = Field(
        default=None, validation_alias=AliasChoices("TEMPORAL_ADDRESS", "temporal_address")
    )
    """TEMPORAL_ADDRESS: `host:port` of a Temporal frontend; unset: the embedded one (`jidoka run` only)."""
    temporal_namespace: str = Field(
        default="default", validation_alias=AliasChoices("TEMPORAL_NAMESPACE", "temporal_namespace")
    )
    temporal_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("TEMPORAL_API_KEY", "temporal_api_key")
    )
    """For Temporal Cloud; switches TLS on."""
    temporal_tls: bool = Field(default=False, validation_alias=AliasChoices("TEMPORAL_TLS", "temporal_tls"))
    temporal_client_cert: Path | None = None
    temporal_client_key: Path | None = None
    """Files for mutual TLS with Temporal; both or none."""
    payload_keys: Annotated[dict[str, bytes], NoDecode] = Field(default={}, repr=False)
    """AES-256 keys for workflow payloads by key id, written `id:base64,id:base64`. The first one encrypts,
    all decrypt; none: payloads are only compressed."""

    jwt_secret: SecretStr | None = None
    """Signs access tokens, at least 32 characters; unset: made once and kept in the data folder."""
    secret_key: SecretStr | None = None
    """Encrypts secrets at rest (webhook signing keys), at least 32 characters; unset: made once and kept
    in the data folder."""
    access_token_s: int = Field(default=3600, ge=60)
    """Life of an access token in seconds."""
    refresh_token_s: int = Field(default=7 * 86400, ge=60)
    """Life of a refresh token in seconds."""

    signature_idle_s: int = Field(default=900, ge=60, le=86_400)
    """Pause since the last signature of a session, in seconds, after which signing takes user name and password."""

    allowed_private_networks: Annotated[tuple[str, ...], NoDecode] = ()
    """Networks in CIDR form, separated by commas, that webhooks and HTTP actions may reach although they
    are private or loopback."""

    files_url: str | None = None
    """JIDOKA_FILES_URL: bucket for attachments: `s3://bucket/prefix`, `az://…`, `gs://…`, with credentials in the
    environment as their own clients read them; unset: the folder `files` in the data folder."""
    attachment_bytes: int = Field(default=10 * 1024 * 1024, ge=1024, le=50 * 1024 * 1024)
    """Bytes of one attachment at most."""

    webhook_disable_after_s: int = Field(default=3 * 86400, ge=60)
    """Seconds of nothing but failures after which a webhook endpoint is disabled."""

    smtp_host: str | None = None
    """Mail server; unset: notifications by mail are recorded and not sent."""
    smtp_port: int = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: bool = True
    mail_from: str = "jidoka@localhost"

    demo: bool = True
    """Whether `jidoka run` seeds the demo plant, with users whose password everybody knows; loopback only."""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("payload_keys", mode="before")
    @classmethod
    def _read_keys(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        keys = {}
        for entry in filter(None, (part.strip() for part in value.split(","))):
            name, _, encoded = entry.partition(":")
            try:
                keys[name] = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                keys[name] = b""
            if not name or len(keys[name]) != 32:
                raise ValueError("each key must be written as id:base64 of 32 bytes")
        return keys

    @field_validator("trusted_proxies", "allowed_private_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("database_url", mode="before")
    @classmethod
    def _name_the_driver(cls, value: object) -> object:
        """Accept the usual spellings of a PostgreSQL URL; SQLAlchemy wants the driver named."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str):
            return value
        scheme, separator, rest = text.partition("://")
        if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
            raise ValueError("must be a PostgreSQL URL: postgresql://user:password@host:5432/database")
        return f"postgresql+psycopg://{rest}"

    @field_validator("jwt_secret", "secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @classmethod
    def load(cls) -> Settings:
        """From the environment; keys that are not given are made on the first call and kept in `data`."""
        settings = cls()
        missing = {
            name: SecretStr(_kept_key(settings.data / f"{name}.key"))
            for name in ("jwt_secret", "secret_key")
            if getattr(settings, name) is None
        }
        return settings.model_copy(update={"data": settings.data.absolute(), **missing})

    @property
    def loopback_only(self) -> bool:
        """Whether nobody but this machine can reach the API."""
        return self.host in _LOOPBACK

    @property
    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"


def _kept_key(path: Path) -> str:
    """The key in the file, made if it is missing; two processes that start at once agree on one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # the other process was first, and its key counts
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text().strip()
