"""The application: contracts as routers of one app, and the composition root of the API process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from activities.settings import Settings
from api import front, probes
from api.contract import Contract
from api.contracts.external.routes import CONTRACT as EXTERNAL
from api.contracts.kpi.routes import CONTRACT as KPI
from api.contracts.platform.routes import CONTRACT as PLATFORM
from api.contracts.unison.routes import CONTRACT as UNISON
from api.deps import Services
from api.errors import answer
from api.metrics import RequestMetrics
from api.middleware import RequestContext
from api.openapi import describe
from api.wiring import open_services

CONTRACTS: tuple[Contract, ...] = (KPI, UNISON, EXTERNAL, PLATFORM)
"""In the order in which their routes are tried: fixed paths of one stand before another's parameters."""

_TITLE = "Jidoka"
_ABOUT = (
    "YAML state machines run as durable Temporal workflows, for manufacturing. One application serves several "
    "contracts over one domain model; each keeps its own names and error form."
)


def create_app(settings: Settings, *, services: AbstractAsyncContextManager[Services] | None = None) -> FastAPI:
    """The API.

    Args:
        settings: complete, as `Settings.load` gives them.
        services: what the routes work with, opened for the life of the application; None: made from `settings`.
    """
    metrics = RequestMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with services or open_services(settings) as opened:
            app.state.services = opened
            yield

    app = FastAPI(
        title=_TITLE,
        version=version("jidoka"),
        lifespan=lifespan,
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # served below, with error forms and examples
        redirect_slashes=False,
        telemetry={"auto_configure": False, "logs": False},
    )
    app.state.contracts = CONTRACTS
    app.state.metrics = metrics
    app.add_middleware(RequestContext, metrics=metrics)
    app.add_exception_handler(HTTPException, _outside_of_routes)
    app.include_router(probes.router)
    app.include_router(front.router)
    for contract in CONTRACTS:
        app.include_router(contract.router)
    _serve_descriptions(app)
    return app


def _serve_descriptions(app: FastAPI) -> None:
    @lru_cache
    def document(name: str | None) -> dict[str, Any]:
        shown = [contract for contract in CONTRACTS if name in (None, contract.name)]
        about = _ABOUT if name is None else shown[0].description
        title = _TITLE if name is None else f"{_TITLE}: {shown[0].title}"
        return describe(shown, title=title, version=app.version, description=about)

    @app.get("/openapi.json", include_in_schema=False)
    def everything() -> JSONResponse:
        return JSONResponse(document(None))

    @app.get("/api/v1/openapi/{contract}.json", include_in_schema=False)
    def of_contract(contract: str) -> JSONResponse:
        if contract not in {item.name for item in CONTRACTS}:
            raise HTTPException(404, "There is no such contract")
        return JSONResponse(document(contract))


async def _outside_of_routes(request: Request, problem: Exception) -> Response:
    """Errors before a route was found answer in the form of the contract that owns the path; else the external one."""
    path = request.url.path
    owned = [
        (len(prefix), contract) for contract in CONTRACTS for prefix in contract.prefixes if path.startswith(prefix)
    ]
    _, owner = max(owned, key=lambda found: found[0], default=(0, EXTERNAL))
    return answer(request, problem, owner.envelope)
