"""`jidoka listen`: a webhook receiver for trying things out; shows what arrives and whether its signature is good."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

_LARGEST_BODY = 1_000_000


def receiver(port: int, secret: str | None, say: Callable[[str], None]) -> ThreadingHTTPServer:
    """A server on the loopback interface, not yet serving; port 0 takes a free one.

    Args:
        secret: as shown once when the webhook was made; None: signatures are not checked.
    """
    check = Webhook(secret) if secret else None

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, _LARGEST_BODY))
            verdict = _verdict(check, body, dict(self.headers.items()))
            say(f"{self.headers.get('webhook-id', 'no webhook-id')}  {verdict}  {_told(body)}")
            self.send_response(200 if verdict != "BAD SIGNATURE" else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """One line per delivery is enough."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def listen(port: int, secret: str | None, say: Callable[[str], None]) -> None:
    """Show deliveries until interrupted."""
    with receiver(port, secret, say) as server:
        say(f"listening on http://127.0.0.1:{server.server_port}/")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def _verdict(check: Webhook | None, body: bytes, headers: dict[str, str]) -> str:
    if check is None:
        return "signature not checked"
    try:
        check.verify(body, {name.lower(): value for name, value in headers.items()})
    except WebhookVerificationError:
        return "BAD SIGNATURE"
    return "signature good"


def _told(body: bytes) -> str:
    try:
        message = json.loads(body)
        return f"{message['event']} {json.dumps(message['data'], ensure_ascii=False)}"
    except (ValueError, KeyError, TypeError):
        return repr(body[:200])
