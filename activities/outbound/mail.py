"""Mail by SMTP, or into a folder where no mail server is configured. Knows addresses, not people."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import html
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path

import aiosmtplib

ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")
_SUBJECT = 200
"""Characters of a subject; readers cut it earlier still."""
_TEMPORARY = range(400, 500)
"""Answers of a mail server that invite another try (RFC 5321, 4.2.1)."""
_IMPLICIT_TLS_PORT = 465


class MailFailed(Exception):
    """The server did not take the message. `temporary`: it may take it later."""

    def __init__(self, message: str, *, temporary: bool) -> None:
        super().__init__(message)
        self.message = message
        self.temporary = temporary


@dataclass(frozen=True, slots=True)
class MailServer:
    host: str
    port: int = 587
    user: str | None = None
    password: str | None = None
    starttls: bool = True
    """Demand STARTTLS; without it the connection stays plain. Port 465 speaks TLS from the start."""
    timeout_s: float = 20.0
    """For the whole exchange."""
    tls: ssl.SSLContext | None = None
    """None: the usual authorities."""


@dataclass(frozen=True, slots=True)
class Letter:
    to: Sequence[str]
    """Addresses."""
    subject: str
    text: str
    """Plain text; blank lines part paragraphs."""
    key: str
    """Letters of one key carry one Message-ID, so a letter sent twice is shown once by most mail readers."""
    at: dt.datetime
    html: str | None = None
    """None: made from the text."""


class Mailer:
    """`server` None: letters are kept as files in `folder`, where a person or a test can read them."""

    def __init__(self, sender: str, server: MailServer | None, folder: Path) -> None:
        self._sender = sender
        self._server = server
        self._folder = folder

    async def send(self, letter: Letter) -> list[str]:
        """Addresses that the server refused, if it took the others.

        Raises:
            MailFailed: nobody gets the letter.
        """
        message = self.compose(letter)
        if self._server is None:
            await asyncio.to_thread(self._keep, message)
            return []
        return await _submit(message, letter.to, self._server)

    def compose(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(letter.to)
        message["Subject"] = _one_line(letter.subject)
        message["Date"] = format_datetime(letter.at)
        message["Message-ID"] = self.message_id(letter.key)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        message.add_alternative(letter.html or _as_html(letter), subtype="html")
        return message

    def message_id(self, key: str) -> str:
        domain = parseaddr(self._sender)[1].rpartition("@")[2] or "localhost"
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"

    def _keep(self, message: EmailMessage) -> None:
        """The same letter again overwrites itself."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        (self._folder / f"{name}.eml").write_bytes(message.as_bytes())


async def _submit(message: EmailMessage, to: Sequence[str], server: MailServer) -> list[str]:
    implicit = server.port == _IMPLICIT_TLS_PORT
    try:
        async with asyncio.timeout(server.timeout_s):
            refused, _ = await aiosmtplib.send(
                message,
                recipients=list(to),
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=implicit,
                start_tls=server.starttls and not implicit,
                tls_context=server.tls,
                timeout=server.timeout_s,
            )
    except aiosmtplib.SMTPRecipientsRefused as problem:
        temporary = any(refusal.code in _TEMPORARY for refusal in problem.recipients)
        words = "; ".join(f"{refusal.recipient}: {refusal.message}" for refusal in problem.recipients)
        raise MailFailed(f"all recipients refused: {words}", temporary=temporary) from problem
    except aiosmtplib.SMTPResponseException as problem:
        message_text = f"the mail server answered {problem.code} {problem.message}"
        raise MailFailed(message_text, temporary=problem.code in _TEMPORARY) from problem
    except aiosmtplib.SMTPNotSupported as problem:
        raise MailFailed(problem.message, temporary=False) from problem
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as problem:
        words = str(problem) or type(problem).__name__
        raise MailFailed(f"the mail server cannot be reached: {words}", temporary=True) from problem
    return sorted(refused)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_SUBJECT] or "(no subject)"


def _as_html(letter: Letter) -> str:
    """The text in HTML and nothing else: no images, no links out, no styles that readers strip."""
    paragraphs = [part for part in re.split(r"\n\s*\n", letter.text.strip()) if part]
    inner = "\n".join("<p>" + html.escape(part).replace("\n", "<br>\n") + "</p>" for part in paragraphs)
    title = html.escape(_one_line(letter.subject))
    return (
        '<!doctype html>\n<html><head><meta charset="utf-8"><title>'
        f'{title}</title></head>\n<body style="font-family: sans-serif">\n<h2>{title}</h2>\n{inner}\n</body></html>\n'
    )
