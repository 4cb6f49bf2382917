"""What operators and machines ask of the process itself: is it alive, is it ready, how is it doing.

Public and without tenants: nothing here tells more than counts and names of parts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.deps import services
from api.metrics import CONTENT_TYPE, RequestMetrics
from workflows.domain.errors import JidokaError

router = APIRouter(include_in_schema=False)

_PATIENCE_S = 2.0


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether this process answers; says nothing about what it depends on."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Whether the parts that answers depend on can be reached; 503 names the one that cannot."""
    asked = services(request)
    database, temporal = await asyncio.gather(_probe(asked.database_ping), _probe(asked.temporal_ping))
    ready = database["status"] == temporal["status"] == "ok"
    body = {"status": "ok" if ready else "unavailable", "checks": {"database": database, "temporal": temporal}}
    return JSONResponse(body, 200 if ready else 503, headers=None if ready else {"Retry-After": "5"})


async def _probe(ping: Callable[[], Awaitable[Any]]) -> dict[str, str]:
    try:
        await asyncio.wait_for(ping(), _PATIENCE_S)
    except TimeoutError:
        return {"status": "unavailable", "reason": f"no answer within {_PATIENCE_S:g} s"}
    except JidokaError as problem:
        return {"status": "unavailable", "reason": problem.message}
    return {"status": "ok"}


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Figures for Prometheus; the backlog figures keep their last value while the database is away."""
    figures = request.app.state.metrics
    assert isinstance(figures, RequestMetrics)
    with suppress(JidokaError):
        backlog = await services(request).backlog()
        figures.set_backlog(**asdict(backlog))
    return Response(figures.render(), media_type=CONTENT_TYPE)
