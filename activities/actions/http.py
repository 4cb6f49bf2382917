"""Calling other systems: `http.request`, through the guarded client only."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import Field, field_validator

from activities.actions.registry import ActionFailed, ActivityCall, Arguments, Registry
from activities.outbound.client import Answer, Request, Timeouts
from activities.outbound.guard import OutboundFailed
from activities.webhooks.retries import retry_after_s

actions = Registry()

_OWN = frozenset({"host", "content-length", "transfer-encoding", "connection", "idempotency-key", "accept-encoding"})
"""Headers that the client sets itself."""
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_TRANSIENT = frozenset({408, 425, 429, *range(500, 600)})
"""Answers after which the same request may succeed."""
_EXCERPT = 300


class Call(Arguments):
    url: str = Field(max_length=2000)
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict, max_length=20)
    body: Any = Field(default=None, description="Sent as JSON; null: no body.")
    timeout_s: float = Field(default=20.0, gt=0, le=60, description="For the whole exchange.")
    accept: list[int] = Field(default_factory=list, description="Statuses besides 2xx that count as done, e.g. 409.")

    @field_validator("headers")
    @classmethod
    def _plain_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _NAME.fullmatch(name) or not value.isprintable():
                raise ValueError(f"{name[:64]!r} is no HTTP header")
            if name.lower() in _OWN:
                raise ValueError(f"{name} is set by the client")
        return headers


class Answered(Arguments):
    status: int
    body: Any = Field(default=None, description="The answer: JSON where it is JSON, else text; null when empty.")
    truncated: bool = False


@actions.activity("http.request", title="Call another system by HTTP", input=Call, output=Answered)
async def request(call: ActivityCall, asked: Call) -> Answered:
    """One request, with the effect's key as Idempotency-Key so that the other side can drop repeats.

    Raises:
        ActionFailed: ADDRESS_REFUSED by the guard; NO_ANSWER; HTTP_STATUS. `details` say more.
    """
    content = b"" if asked.body is None else json.dumps(asked.body, separators=(",", ":")).encode()
    headers = {"User-Agent": "Jidoka/1", "Accept": "application/json", "Idempotency-Key": call.key, **asked.headers}
    if content and not any(name.lower() == "content-type" for name in asked.headers):
        headers["Content-Type"] = "application/json"
    timeouts = Timeouts(min(5.0, asked.timeout_s), asked.timeout_s, asked.timeout_s)
    try:
        answer = await call.equipment.http.send(Request(asked.method, asked.url, headers, content), timeouts)
    except OutboundFailed as problem:
        refused = problem.kind == "address"
        code = "ADDRESS_REFUSED" if refused else "NO_ANSWER"
        details = {"kind": problem.kind}
        raise ActionFailed(code, problem.message, retryable=not refused, details=details) from problem
    if 200 <= answer.status < 300 or answer.status in asked.accept:
        return Answered(status=answer.status, body=_read(answer), truncated=answer.truncated)
    raise ActionFailed(
        "HTTP_STATUS",
        f"the other system answered {answer.status}",
        retryable=answer.status in _TRANSIENT,
        retry_after_s=retry_after_s(answer.headers.get("retry-after"), call.equipment.clock()),
        details={"status": answer.status, "body": answer.body[:_EXCERPT].decode(errors="replace")},
    )


def _read(answer: Answer) -> Any:
    if not answer.body:
        return None
    text = answer.body.decode(errors="replace").replace("\x00", "\ufffd")
    if "json" in answer.headers.get("content-type", "") and not answer.truncated:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
