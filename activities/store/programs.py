"""The source of programs for the interpreter: by digest, from SQL, without an event loop.

Workflow code may not await anything but Temporal, and a digest names its content for ever, so a plain blocking
look-up, made once per program and process, is right here and nowhere else.
"""

from __future__ import annotations

import psycopg

from activities.store.database import SYSTEM_ROLE, libpq_url
from activities.store.failures import mapped


class ProgramSource:
    """Callable: digest -> canonical Program. Keeps no connection; the interpreter keeps what it has loaded."""

    def __init__(self, url: str, *, connect_timeout_s: int = 3) -> None:
        self._url = libpq_url(url)
        self._timeout_s = connect_timeout_s

    def __call__(self, digest: str) -> bytes:
        """
        Raises:
            LookupError: no such program.
            Unavailable: the database is away.
        """
        with mapped(), psycopg.connect(self._url, connect_timeout=self._timeout_s) as connection:
            connection.execute("SELECT set_config('role', %s, true)", (SYSTEM_ROLE,))
            row = connection.execute("SELECT canonical FROM programs WHERE digest = %s", (digest,)).fetchone()
        if row is None:
            raise LookupError(digest)
        return bytes(row[0])
