"""What all tables share: the metadata, constraint names, and the columns every tenant's row carries.

Tables are SQLAlchemy Core tables: a query names columns, never objects with hidden loading. `json` (not
`jsonb`) is used where the exact text counts, because hashes are taken over it and `jsonb` rewrites numbers.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def tenant_key() -> Column[str]:
    """The tenant of the row as part of the primary key; row-level security compares this column."""
    return Column("tenant_id", Text, primary_key=True)


def tenant() -> Column[str]:
    """The tenant of the row; row-level security compares this column."""
    return Column("tenant_id", Text, nullable=False)


def identity() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def moment(name: str, *, now: bool = False, optional: bool = False) -> Column[object]:
    """A point in time, UTC. `now`: the time of the transaction by default."""
    return Column(
        name,
        DateTime(timezone=True),
        nullable=optional,
        server_default=func.now() if now else None,
    )


def words(name: str) -> Column[list[str]]:
    """A list of texts, empty by default."""
    return Column(name, ARRAY(Text), nullable=False, server_default="{}")


def transaction_id() -> Column[int]:
    """The transaction that wrote the row, by which checkpoints know that no earlier one can still be under way."""
    return Column(
        "xact",
        BigInteger,
        nullable=False,
        server_default=text("((pg_current_xact_id())::text)::bigint"),
        comment="transaction that wrote it",
    )
