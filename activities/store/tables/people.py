"""Who may ask: users, their refresh tokens, and API keys. Secrets are stored as hashes only."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, INET

from activities.store.tables.base import identity, metadata, moment, tenant, words

users = Table(
    "users",
    metadata,
    identity(),
    tenant(),
    Column("username", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("email", Text),
    Column("password_hash", Text, comment="argon2; null: no log-in by password"),
    words("roles"),
    words("groups"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("failed_logins", Integer, nullable=False, server_default=text("0")),
    moment("locked_until", optional=True),
    moment("last_login_at", optional=True),
    moment("created_at", now=True),
    moment("updated_at", now=True),
)
Index("uq_users_tenant_id_username", users.c.tenant_id, func.lower(users.c.username), unique=True)
Index("ix_users_exact", users.c.tenant_id, users.c.username)
Index("ix_users_username", func.lower(users.c.username))
Index("ix_users_email", func.lower(users.c.email), postgresql_where=users.c.email.is_not(None))

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    identity(),
    tenant(),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("family", Uuid, nullable=False, index=True, comment="tokens that follow from one log-in"),
    moment("issued_at", now=True),
    moment("expires_at"),
    moment("used_at", optional=True),
    moment("revoked_at", optional=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    identity(),
    tenant(),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False, unique=True, comment="the part of the key that may be shown"),
    Column("key_hash", Text, nullable=False),
    words("scopes"),
    words("roles"),
    Column("allowed_ips", ARRAY(CIDR), nullable=False, server_default="{}", comment="empty: from anywhere"),
    Column("owner_id", BigInteger, ForeignKey("users.id")),
    Column("replaces_id", BigInteger, ForeignKey("api_keys.id"), comment="the key this one was regenerated from"),
    moment("created_at", now=True),
    moment("expires_at", optional=True),
    moment("overlap_until", optional=True),
    moment("last_used_at", optional=True),
    Column("last_used_ip", INET),
    moment("revoked_at", optional=True),
)
Index("ix_api_keys_tenant_id_id", api_keys.c.tenant_id, api_keys.c.id)
