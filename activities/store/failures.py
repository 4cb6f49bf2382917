"""The one boundary where what PostgreSQL and its drivers raise becomes the house's errors.

Mapped: the database is away, too busy or read-only (`Unavailable`), text it cannot store (`InvalidInput`).
Everything else is a fault of ours and passes through unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from workflows.domain.errors import InvalidInput, JidokaError, Unavailable

_BUSY = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialisation failure, deadlock, lock not available, statement timeout: the same request may pass later."""
_UNSTORABLE = frozenset({"22P05", "22021"})
"""Characters PostgreSQL has no place for: NUL in jsonb or text, lone surrogates."""
_READ_ONLY = "25006"


@contextmanager
def mapped() -> Iterator[None]:
    """Raises what the block raises, foreign errors as the house's own (`from` the original)."""
    try:
        yield
    except (psycopg.Error, DBAPIError, PoolTimeout) as error:
        known = translate(error)
        if known is None:
            raise
        raise known from error


def translate(error: Exception) -> JidokaError | None:
    """The house's error for a foreign one; None when nobody outside could do anything about it."""
    if isinstance(error, PoolTimeout):
        return Unavailable("The database is busy", code="STORE_BUSY", details={"retry_after_s": 2})
    cause = driver_error(error)
    if cause is None:
        return None
    state = cause.sqlstate
    if state in _BUSY:
        return Unavailable("The database is busy", code="STORE_BUSY", details={"retry_after_s": 1})
    if state in _UNSTORABLE or (isinstance(cause, psycopg.DataError) and "NUL" in str(cause)):
        return InvalidInput("The text contains characters that cannot be stored", code="TEXT_NOT_STORABLE")
    if isinstance(cause, psycopg.OperationalError) or state == _READ_ONLY or _is_closed(cause):
        return Unavailable("The database cannot be reached", code="STORE_UNAVAILABLE", details={"retry_after_s": 5})
    return None


def driver_error(error: BaseException | None) -> psycopg.Error | None:
    """The psycopg error inside, whether it came through SQLAlchemy or not."""
    if isinstance(error, DBAPIError):
        error = error.orig
    return error if isinstance(error, psycopg.Error) else None


def _is_closed(cause: psycopg.Error) -> bool:
    return isinstance(cause, psycopg.InterfaceError) and "closed" in str(cause)
