"""Around every request: its id, the access log line, the figures, security headers, and the last safety net."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import RequestMetrics

log = structlog.get_logger("api.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
UNMATCHED = "unmatched"
"""Route label of requests that no route took; the path itself would make a label per guess."""

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class RequestContext:
    """Outermost of our middleware."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(scope)
        status = 500
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                _add_headers(MutableHeaders(scope=message), scope, request_id)
            await send(message)

        begun = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_headers)
            except Exception:
                log.exception("unexpected_error", path=scope["path"])
                if started:
                    raise
                await _apology(request_id)(scope, receive, send_with_headers)
            finally:
                self._account(scope, status, time.perf_counter() - begun)

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self._metrics.observe(scope["method"], route, status, seconds)
        identity = scope.get("identity")
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            duration_ms=round(seconds * 1000, 1),
            tenant=getattr(identity, "tenant", None),
            user=getattr(identity, "principal", None),
        )


def _request_id(scope: Scope) -> str:
    """The caller's, when it is a short plain word; else a fresh one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else f"req-{uuid4().hex}"


def _add_headers(headers: MutableHeaders, scope: Scope, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    for name, value in _SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https":
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _apology(request_id: str) -> JSONResponse:
    """What leaves when even a contract's own error handling failed; no contract's form can be relied on here."""
    reason = "An unexpected error occurred; the request id leads to it in the log"
    body = {"error": "Internal server error", "reason": reason, "code": "INTERNAL_ERROR", "request_id": request_id}
    return JSONResponse(body, 500)
