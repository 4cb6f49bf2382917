"""Telling people: `notify.email`, which also stands behind the word `notify` of the language."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.actions.registry import ActionFailed, ActivityCall, Arguments, Registry
from activities.notices import recipients as who
from activities.notices.letters import About, Message
from activities.notices.post import Post
from activities.notices.recipients import Malformed, Reached
from activities.notices.telling import tell, tell_admins
from activities.store.repositories import mail_queue, recipients

actions = Registry()


class Notice(Arguments):
    to: str | list[str | None] | None = Field(
        description="role:NAME, group:NAME, user:NAME, a user name, a mail address, `assignee` (while there is none, "
        "the candidates), `candidates`, `creator`, or a list of these; null is nobody."
    )
    subject: str = Field(default="", description="Left out: the business number.")
    text: str = Field(default="", description="Plain text; blank lines part paragraphs. Left out: the subject.")
    state: str = Field(default="", description="Whose task `assignee` and `candidates` mean.")
    urgency: Literal["low", "normal", "critical"] = Field(
        default="normal", description="low waits for the hourly digest; critical is sent at once, whatever was chosen."
    )


class Noticed(Arguments):
    message_id: str
    sent_to: list[str] = Field(description="Addresses whose letter the mail server has taken so far.")
    refused: list[str] = Field(description="Addresses the mail server did not take for good.")
    waiting: list[str] = Field(default_factory=list, description="Addresses whose letter is tried again.")
    told: list[str] = Field(default_factory=list, description="User names told in the application.")
    unreached: list[str] = Field(default_factory=list, description="What was named and is no active person.")


@actions.activity("notify.email", title="Tell people", input=Notice, output=Noticed)
async def email(call: ActivityCall, notice: Notice) -> Noticed:
    """A notice in the application for everybody named, and letters as each of them wants. A repeat tells nobody twice.

    A mail server that is away is no failure: the letters are kept and tried again. Who is named and is nobody is
    reported to the admins.

    Raises:
        ActionFailed: RECIPIENT_MALFORMED.
    """
    equipment = call.equipment
    words = [word for word in ([notice.to] if isinstance(notice.to, str) else notice.to or []) if word]
    at = equipment.clock()
    async with equipment.database.transaction(call.tenant) as connection:
        named = await who.named_now(connection, call.tenant, call.process, call.entity_id, words, notice.state)
        try:
            reached = await who.reach(connection, call.tenant, named, at)
        except Malformed as problem:
            raise ActionFailed("RECIPIENT_MALFORMED", str(problem), retryable=False) from problem
        message = await _message(connection, call, notice)
        await tell(
            connection,
            call.tenant,
            message,
            people=reached.people,
            addresses=reached.addresses,
            at=at,
            base_url=equipment.base_url,
        )
        await _report_unreached(connection, call, message, reached)
    post = Post(equipment.database, equipment.mail, base_url=equipment.base_url, clock=equipment.clock)
    await post.send(call.tenant, call.key)
    return await _result(call, reached)


async def _message(connection: AsyncConnection, call: ActivityCall, notice: Notice) -> Message:
    number = call.number or f"{call.process} {call.entity_id}"
    subject = notice.subject or number
    named = await recipients.naming(connection, call.tenant, call.process, call.entity_id)
    return Message(
        key=call.key,
        subject=subject,
        text=notice.text or subject,
        urgency=notice.urgency,
        about=About(call.process, call.entity_id, number, named[1] if named else ""),
    )


async def _report_unreached(
    connection: AsyncConnection, call: ActivityCall, message: Message, reached: Reached
) -> None:
    """To the admins, and no incident: the process goes on, and the hole is in the roles, not in the instance."""
    for word in reached.unreached:
        number = message.about.number if message.about else call.number
        report = Message(
            key=f"unreachable/{call.key}/{word}",
            urgency="critical",
            about=message.about,
            wording="unreachable",
            values={"word": word, "number": number, "subject": message.subject},
        )
        await tell_admins(
            connection,
            call.tenant,
            report,
            action="notice.unreachable",
            at=call.equipment.clock(),
            base_url=call.equipment.base_url,
        )


async def _result(call: ActivityCall, reached: Reached) -> Noticed:
    async with call.equipment.database.transaction(call.tenant) as connection:
        letters = await mail_queue.deliveries(connection, call.tenant, call.key)
    return Noticed(
        message_id=call.equipment.mail.message_id(call.key),
        sent_to=[letter.address for letter in letters if letter.sent_at],
        refused=[letter.address for letter in letters if letter.failed_at],
        waiting=[letter.address for letter in letters if not letter.sent_at and not letter.failed_at],
        told=sorted(person.username for person in reached.people),
        unreached=list(reached.unreached),
    )
