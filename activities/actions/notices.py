"""Telling people: `notify.email`, which also stands behind the word `notify` of the language."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.actions.registry import ActionFailed, ActivityCall, Arguments, Registry
from activities.outbound.mail import ADDRESS, Letter, MailFailed
from activities.store.repositories import recipients

actions = Registry()

_USER = re.compile(r"[A-Za-z0-9_.-]+")
_KINDS = ("user", "role", "group")


class Notice(Arguments):
    to: str | list[str | None] | None = Field(
        description="role:NAME, group:NAME, user:NAME, a user name, a mail address, `assignee` (while there is none, "
        "the candidates), `candidates`, `creator`, or a list of these; null is nobody."
    )
    subject: str = Field(default="", description="Left out: the business number.")
    text: str = Field(default="", description="Plain text; blank lines part paragraphs. Left out: the subject.")
    state: str = Field(default="", description="Whose task `assignee` and `candidates` mean.")


class Noticed(Arguments):
    message_id: str
    sent_to: list[str]
    refused: list[str] = Field(description="Addresses the mail server did not take.")


@actions.activity("notify.email", title="Send an e-mail", input=Notice, output=Noticed)
async def email(call: ActivityCall, notice: Notice) -> Noticed:
    """One letter to everybody named. A repeat carries the same Message-ID.

    Raises:
        ActionFailed: NO_RECIPIENT, somebody is named and nobody of them has an address; MAIL_REFUSED; MAIL_UNAVAILABLE,
            which a later attempt may cure.
    """
    mail = call.equipment.mail
    words = [word for word in ([notice.to] if isinstance(notice.to, str) else notice.to or []) if word]
    async with call.equipment.database.transaction(call.tenant) as connection:
        named = await _resolved(connection, call, words, notice.state)
        to = await _addresses(connection, call.tenant, named)
    message_id = mail.message_id(call.key)
    if not named:
        return Noticed(message_id=message_id, sent_to=[], refused=[])
    if not to:
        raise ActionFailed("NO_RECIPIENT", f"nobody of {', '.join(named)} has a mail address", retryable=False)
    subject = notice.subject or call.number or f"{call.process} {call.entity_id}"
    letter = Letter(to, subject, notice.text or subject, call.key, call.equipment.clock())
    try:
        refused = await mail.send(letter)
    except MailFailed as problem:
        code = "MAIL_UNAVAILABLE" if problem.temporary else "MAIL_REFUSED"
        raise ActionFailed(code, problem.message, retryable=problem.temporary) from problem
    return Noticed(message_id=message_id, sent_to=[one for one in to if one not in refused], refused=refused)


async def _resolved(connection: AsyncConnection, call: ActivityCall, words: Iterable[str], state: str) -> list[str]:
    """The words with `assignee`, `candidates` and `creator` replaced by whom they mean now."""
    named: list[str] = []
    for word in words:
        if word in ("assignee", "candidates"):
            task = await recipients.concerned(connection, call.tenant, call.process, call.entity_id, state)
            alone = word == "assignee" and task.assignee
            named += [f"user:{task.assignee}"] if alone else task.candidates
        elif word == "creator":
            creator = await recipients.creator(connection, call.tenant, call.process, call.entity_id)
            named += [f"user:{creator}"] if creator else []
        else:
            named.append(word)
    return list(dict.fromkeys(named))


async def _addresses(connection: AsyncConnection, tenant: str, named: Iterable[str]) -> list[str]:
    """Addresses of those named, each once, sorted."""
    wanted: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    plain: set[str] = set()
    for word in named:
        kind, separator, name = word.partition(":")
        if separator and kind in wanted:
            wanted[kind].append(name)
        elif ADDRESS.fullmatch(word):
            plain.add(word)
        elif _USER.fullmatch(word):
            wanted["user"].append(word)
        else:
            raise ActionFailed("RECIPIENT_MALFORMED", f"{word[:80]!r} names nobody", retryable=False)
    known = await recipients.addresses(
        connection, tenant, names=wanted["user"], roles=wanted["role"], groups=wanted["group"]
    )
    return sorted(plain.union(one for one in known if ADDRESS.fullmatch(one)))
