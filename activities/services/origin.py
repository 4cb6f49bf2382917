"""Where a request came from, and the audit entries that say so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from workflows.domain.errors import JidokaError
from workflows.domain.records import AuditEntry
from workflows.engine.events import Actor

_STANDING = {"acts_for", "skills"}
"""Facts about the actor that an entry does not repeat: they have records of their own."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The circumstances of a request that the audit trail keeps."""

    ip: str | None = None
    """Address of the client; None when there is none, for example behind a socket."""
    request_id: str | None = None
    source: str = "api"

    def entry(
        self,
        action: str,
        actor: Actor,
        entity: tuple[str, str] | None,
        *,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
        refused: JidokaError | None = None,
    ) -> AuditEntry:
        """An audit entry as of now.

        Args:
            entity: type and id of what was acted on.
            refused: the attempt was denied, and this is why.
        """
        entity_type, entity_id = entity or (None, None)
        return AuditEntry(
            action=action,
            outcome="denied" if refused else "allowed",
            username=actor.username,
            actor={name: value for name, value in actor.to_json().items() if name not in _STANDING},
            at=dt.datetime.now(dt.UTC),
            source=self.source,
            entity_type=entity_type,
            entity_id=entity_id,
            before=before,
            after=after,
            reason=refused.message if refused else reason,
            ip=self.ip,
            request_id=self.request_id,
            code=refused.code if refused else None,
        )
