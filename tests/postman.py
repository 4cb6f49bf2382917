"""A real SMTP server for tests: keeps letters, refuses what it is told to refuse."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from activities.outbound.mail import MailServer


@dataclass
class Postman:
    """Handler of the SMTP server: keeps letters, and refuses what it is told to refuse."""

    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[list[str]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """Address -> answer."""
    data_answer: str = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data_answer.startswith("250"):
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.letters.append(message)
            self.envelopes.append(list(envelope.rcpt_tos))
        return self.data_answer

    @property
    def received(self) -> list[str]:
        """To whom letters went, sorted."""
        return sorted(address for envelope in self.envelopes for address in envelope)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(postman: Postman, port: int | None = None) -> Iterator[MailServer]:
    """The server while inside."""
    port = port or free_port()
    controller = Controller(postman, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield MailServer("127.0.0.1", port, starttls=False, timeout_s=2.0)
    finally:
        controller.stop()
