"""Mail to people by name, role, group and address, through a real SMTP server."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from activities.actions.context import ActionFailed, ActivityCall
from activities.actions.registry import default
from activities.outbound.mail import MailServer
from activities.store.database import Database
from tests.effects import add_user, call, equipment


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


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[tuple[Postman, MailServer]]:
    postman = Postman()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(postman, hostname="127.0.0.1", port=port)
    controller.start()
    yield postman, MailServer("127.0.0.1", port, starttls=False, timeout_s=2.0)
    controller.stop()


@pytest.fixture
async def people(database: Database, tenant: str) -> None:
    await add_user(database, tenant, "anna", email="anna@plant.example", roles=["qc_manager"])
    await add_user(database, tenant, "Bo", email="bo@plant.example", roles=["qc_manager"], groups=["shift-a"])
    await add_user(database, tenant, "gone", email="gone@plant.example", roles=["qc_manager"], active=False)
    await add_user(database, tenant, "mute", roles=["warehouse"])


@pytest.fixture
def notice(
    database: Database, tenant: str, people: None, post: tuple[Postman, MailServer], tmp_path: Path
) -> ActivityCall:
    return call(equipment(database, tmp_path, server=post[1]), tenant)


async def _send(notice: ActivityCall, **arguments: Any) -> dict[str, Any]:
    return await default().run_activity(notice, "notify.email", arguments)


async def test_a_letter_arrives_as_text_and_as_html(notice: ActivityCall, post: tuple[Postman, MailServer]) -> None:
    result = await _send(notice, to="user:anna", subject="Due: NCR", text="First.\nStill first.\n\n<b>Second</b>")

    [letter] = post[0].letters
    assert result["sent_to"] == ["anna@plant.example"]
    assert letter["To"] == "anna@plant.example"
    assert letter["From"] == "Jidoka <jidoka@plant.example>"
    assert letter["Subject"] == "Due: NCR"
    assert letter["Auto-Submitted"] == "auto-generated"
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == ["First.", "Still first.", "", "<b>Second</b>"]
    shown = html.get_content().replace("\r\n", "\n")
    assert "<p>First.<br>\nStill first.</p>\n<p>&lt;b&gt;Second&lt;/b&gt;</p>" in shown


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("role:qc_manager", ["anna@plant.example", "bo@plant.example"]),
        ("group:shift-a", ["bo@plant.example"]),
        ("user:bo", ["bo@plant.example"]),
        ("anna", ["anna@plant.example"]),
        ("buyer@customer.example", ["buyer@customer.example"]),
        (["role:qc_manager", "user:anna", None, ""], ["anna@plant.example", "bo@plant.example"]),
        (["role:warehouse", "user:anna"], ["anna@plant.example"]),
    ],
)
async def test_everybody_named_gets_it_once(
    notice: ActivityCall, post: tuple[Postman, MailServer], to: Any, expected: list[str]
) -> None:
    assert (await _send(notice, to=to, subject="s"))["sent_to"] == expected
    assert post[0].envelopes == [expected]


async def test_a_repeat_is_recognisable_by_its_message_id(
    notice: ActivityCall, post: tuple[Postman, MailServer]
) -> None:
    first = await _send(notice, to="user:anna", subject="s")
    again = await _send(notice, to="user:anna", subject="s")

    one, two = post[0].letters
    assert one["Message-ID"] == two["Message-ID"] == first["message_id"] == again["message_id"]
    assert first["message_id"].endswith("@plant.example>")


async def test_another_effect_has_another_message_id(notice: ActivityCall, post: tuple[Postman, MailServer]) -> None:
    first = await _send(notice, to="user:anna", subject="s")
    other = await _send(call(notice.equipment, notice.tenant), to="user:anna", subject="s")

    assert first["message_id"] != other["message_id"]


async def test_a_subject_cannot_add_headers(notice: ActivityCall, post: tuple[Postman, MailServer]) -> None:
    await _send(notice, to="user:anna", subject="Hello\r\nBcc: thief@evil.example", text="x")

    [letter] = post[0].letters
    assert letter["Subject"] == "Hello Bcc: thief@evil.example"
    assert letter["Bcc"] is None
    assert post[0].envelopes == [["anna@plant.example"]]


async def test_without_words_the_business_number_is_the_subject(
    notice: ActivityCall, post: tuple[Postman, MailServer]
) -> None:
    await _send(notice, to="user:anna")

    assert post[0].letters[0]["Subject"] == "NCR-2026-042"


@pytest.mark.parametrize("to", [None, "", [], [None]])
async def test_a_letter_to_nobody_is_no_letter(notice: ActivityCall, post: tuple[Postman, MailServer], to: Any) -> None:
    assert (await _send(notice, to=to, subject="s"))["sent_to"] == []
    assert post[0].letters == []


@pytest.mark.parametrize("to", ["role:warehouse", "role:unheard_of", "user:gone"])
async def test_named_people_without_an_address_are_a_failure_that_a_retry_does_not_cure(
    notice: ActivityCall, to: str
) -> None:
    with pytest.raises(ActionFailed) as caught:
        await _send(notice, to=to, subject="s")

    assert (caught.value.code, caught.value.retryable) == ("NO_RECIPIENT", False)


async def test_assignee_candidates_and_creator_mean_those_of_now(
    notice: ActivityCall, post: tuple[Postman, MailServer], database: Database
) -> None:
    async with database.transaction(notice.tenant) as connection:
        await connection.execute(
            text(
                "INSERT INTO tasks (tenant_id, process, entity_id, task, number, state, title, candidates, assignee,"
                " priority, opened_at, opened_seq) VALUES (:t, 'ncr_report', 42, '1', 'N', 'review', 'Review',"
                " '{group:shift-a}', :a, 3, now(), 1)"
            ),
            {"t": notice.tenant, "a": None},
        )
    assert (await _send(notice, to="assignee", state="review"))["sent_to"] == ["bo@plant.example"]
    async with database.transaction(notice.tenant) as connection:
        await connection.execute(text("UPDATE tasks SET assignee = 'anna'"))

    assert (await _send(notice, to="assignee", state="review"))["sent_to"] == ["anna@plant.example"]
    assert (await _send(notice, to="candidates", state="review"))["sent_to"] == ["bo@plant.example"]
    assert (await _send(notice, to="assignee", state="elsewhere"))["sent_to"] == []
    assert (await _send(notice, to="creator"))["sent_to"] == []


async def test_a_recipient_the_server_refuses_does_not_keep_the_letter_from_the_others(
    notice: ActivityCall, post: tuple[Postman, MailServer]
) -> None:
    post[0].refuse["bo@plant.example"] = "550 no such user"

    result = await _send(notice, to="role:qc_manager", subject="s")

    assert (result["sent_to"], result["refused"]) == (["anna@plant.example"], ["bo@plant.example"])


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [("451 try later", "MAIL_UNAVAILABLE", True), ("550 no such user", "MAIL_REFUSED", False)],
)
async def test_all_recipients_refused_is_a_failure(
    notice: ActivityCall, post: tuple[Postman, MailServer], answer: str, code: str, retryable: bool
) -> None:
    post[0].refuse["anna@plant.example"] = answer

    with pytest.raises(ActionFailed) as caught:
        await _send(notice, to="user:anna", subject="s")

    assert (caught.value.code, caught.value.retryable) == (code, retryable)


@pytest.mark.parametrize(("answer", "retryable"), [("452 disk full", True), ("554 looks like spam", False)])
async def test_a_letter_the_server_does_not_take_is_a_failure(
    notice: ActivityCall, post: tuple[Postman, MailServer], answer: str, retryable: bool
) -> None:
    post[0].data_answer = answer

    with pytest.raises(ActionFailed) as caught:
        await _send(notice, to="user:anna", subject="s")

    assert caught.value.retryable is retryable


async def test_a_mail_server_that_is_down_is_worth_another_try(
    database: Database, tenant: str, people: None, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed_port = probe.getsockname()[1]
    server = MailServer("127.0.0.1", closed_port, starttls=False, timeout_s=2.0)

    with pytest.raises(ActionFailed) as caught:
        await _send(call(equipment(database, tmp_path, server=server), tenant), to="user:anna", subject="s")

    assert (caught.value.code, caught.value.retryable) == ("MAIL_UNAVAILABLE", True)


async def test_starttls_is_demanded_where_it_is_configured(
    database: Database, tenant: str, people: None, post: tuple[Postman, MailServer], tmp_path: Path
) -> None:
    server = MailServer("127.0.0.1", post[1].port, starttls=True, timeout_s=2.0)

    with pytest.raises(ActionFailed, match="STARTTLS"):
        await _send(call(equipment(database, tmp_path, server=server), tenant), to="user:anna", subject="s")

    assert post[0].letters == []


async def test_without_a_mail_server_letters_are_kept_as_files(
    database: Database, tenant: str, people: None, tmp_path: Path
) -> None:
    notice = call(equipment(database, tmp_path), tenant)

    result = await _send(notice, to="user:anna", subject="Kept", text="for a person to read")
    await _send(notice, to="user:anna", subject="Kept", text="for a person to read")

    [file] = (tmp_path / "mail").glob("*.eml")
    letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert letter["Subject"] == "Kept"
    assert letter["Message-ID"] == result["message_id"]
