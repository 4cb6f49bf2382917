"""What an action is given besides its arguments, and how it says that it failed.

Actions know nothing of Temporal: the machine's activities make these values and read these errors.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflows.domain.errors import JidokaError
from workflows.engine.events import SYSTEM, Actor

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from activities.actions.equipment import Equipment


class ActionFailed(JidokaError):
    """An activity did not do its work. `retryable` says whether the same call may succeed later."""

    status = 502
    code = "ACTION_FAILED"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool,
        retry_after_s: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        """Seconds to wait before the next attempt, when the other side asked for it; None: as the policy says."""


@dataclass(frozen=True, slots=True)
class FactLook:
    """A read-only look at the store on behalf of one instance."""

    connection: AsyncConnection
    """Inside a transaction of the tenant; row-level security is on."""
    tenant: str
    process: str
    entity_id: int


@dataclass(frozen=True, slots=True)
class SqlStep:
    """The step that a sql action is part of. What the action writes is committed with the step, or not at all."""

    connection: AsyncConnection
    """The step's own transaction; an action neither commits nor rolls back."""
    tenant: str
    process: str
    entity_id: int
    number: str
    at: dt.datetime
    """Time of the step, UTC."""
    actor: Actor = SYSTEM

    @property
    def ref(self) -> str:
        """Names the instance in records that outlive it, e.g. `ncr_report/42`."""
        return f"{self.process}/{self.entity_id}"


@dataclass(frozen=True, slots=True)
class ActivityCall:
    """One attempt to carry out an effect after its commit; at least once, hence `key`."""

    equipment: Equipment
    tenant: str
    process: str
    entity_id: int
    number: str
    key: str
    """Idempotency key; the same for all attempts of one effect and for no other effect."""
    digest: str = ""
    """The program the instance runs; "" where an action does not need it."""
    attempt: int = 1
    """Counts from 1."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Instance data as of the commit."""
