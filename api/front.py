"""The page at the root: what runs here and where it is described. Plain HTML, nothing to load."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.contract import Contract

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front(request: Request) -> HTMLResponse:
    """What runs here and where it is described, for a person who opened the address in a browser."""
    return HTMLResponse(_page(request.app.version, request.app.state.contracts))


def _page(version: str, contracts: Sequence[Contract]) -> str:
    links = [
        ("/openapi.json", "API description, all contracts"),
        *((f"/api/v1/openapi/{contract.name}.json", f"API description: {contract.title}") for contract in contracts),
        ("/healthz", "alive"),
        ("/readyz", "ready: database and Temporal"),
        ("/metrics", "figures for Prometheus"),
    ]
    items = "\n".join(f'<li><a href="{escape(path)}">{escape(path)}</a> {escape(text)}</li>' for path, text in links)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Jidoka</title></head>
<body>
<h1>Jidoka {escape(version)}</h1>
<p>YAML state machines run as durable Temporal workflows, for manufacturing.
Log in with <code>POST /api/v1/auth/login</code>; send the token as <code>Authorization: Bearer</code>.</p>
<ul>
{items}
</ul>
</body>
</html>
"""
