"""Programs for the interpreter, by digest, from SQL.

Synchronous and short: workflow code asks for a program once per process and digest, and must not block for longer
than Temporal's two seconds for one activation. While the database is away the workflow task fails and is tried again.
"""

from __future__ import annotations

import psycopg

from activities.store.database import SYSTEM_ROLE, driver_url
from workflows.machine.programs import Source

_OPTIONS = "-c statement_timeout=1000"


def program_source(url: str) -> Source:
    """A source that opens a connection of its own for each program it has to fetch."""
    libpq = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def fetch(digest: str) -> bytes:
        with psycopg.connect(libpq, connect_timeout=2, options=_OPTIONS) as connection:
            connection.execute("SELECT set_config('role', %s, true)", (SYSTEM_ROLE,))
            row = connection.execute("SELECT canonical FROM programs WHERE digest = %s", (digest,)).fetchone()
        if row is None:
            raise LookupError(digest)
        return bytes(row[0])

    return fetch
