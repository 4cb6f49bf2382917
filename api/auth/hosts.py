"""The tenant that a host name names: `https://{organization_slug}.example.com` (C-02).

Any host works; only a first label that is the slug of a tenant means something.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from starlette.requests import Request

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")
_BELIEVED_S = 60.0
_MOST = 1000


class Hosts:
    """Asks the store about a label once a minute; tenants come and go rarely."""

    def __init__(self, exists: Callable[[str], Awaitable[bool]]) -> None:
        self._exists = exists
        self._known: OrderedDict[str, tuple[float, bool]] = OrderedDict()

    async def tenant(self, request: Request) -> str | None:
        """The tenant named by the host of the request; None: it names none."""
        label, dot, _ = (request.url.hostname or "").lower().partition(".")
        if not dot or not _SLUG.fullmatch(label):
            return None
        return label if await self._is_tenant(label) else None

    async def _is_tenant(self, label: str) -> bool:
        known = self._known.get(label)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = await self._exists(label)
        self._known[label] = (time.monotonic() + _BELIEVED_S, found)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found
