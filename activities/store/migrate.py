"""Brings a database to the tables this build expects. Run by the owner of the database, before anything else.

The scripts lie in the wheel (`activities/store/migrations`), so no configuration file is needed on disk.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from activities.store.database import driver_url
from activities.store.failures import mapped

_ALONE = Lock()
"""Alembic keeps its context in module globals: one thread of a process at a time."""

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Applies what is missing, in one transaction; of two callers at once the second finds nothing to do.

    Raises:
        Unavailable: the database is away.
    """
    with _ALONE, mapped(), _connection(url) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Takes migrations back, with their data; for tests and for going back from a failed release."""
    with _ALONE, mapped(), _connection(url) as connection:
        command.downgrade(_config(connection), revision)


def current(url: str) -> str | None:
    """The revision the database is at; None for an empty one."""
    with mapped(), _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The revision this build expects."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _connection(url: str) -> Connection:
    engine = create_engine(driver_url(url), poolclass=NullPool, connect_args={"connect_timeout": 5})
    return engine.connect()
