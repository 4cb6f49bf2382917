"""Alembic's entry: runs the scripts on the connection that `activities.store.migrate` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from activities.store.tables import metadata

_LOCK = 0x6A69646F6B61  # "jidoka"; advisory locks are numbers


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        # Two processes that start together migrate one after the other.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        context.run_migrations()
    connection.commit()


_run(context.config.attributes["connection"])
