"""Telling people by name, role, group and address, through a real SMTP server."""

from __future__ import annotations

import email
import email.policy
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from activities.actions.context import ActionFailed, ActivityCall
from activities.actions.registry import default
from activities.outbound.mail import MailServer
from activities.store.database import Database
from tests.effects import add_user, call, equipment
from tests.postman import Postman, free_port, serving


@pytest.fixture
async def post() -> AsyncIterator[tuple[Postman, MailServer]]:
    postman = Postman()
    with serving(postman) as server:
        yield postman, server


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
    assert plain.get_content().splitlines()[:6] == ["Hello anna,", "", "First.", "Still first.", "", "<b>Second</b>"]
    assert "http://127.0.0.1:8000/instances/ncr_report/42" in plain.get_content()
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
    assert post[0].received == expected


async def test_a_repeat_tells_and_sends_nothing_twice(
    notice: ActivityCall, post: tuple[Postman, MailServer], database: Database
) -> None:
    first = await _send(notice, to="user:anna", subject="s")
    again = await _send(notice, to="user:anna", subject="s")

    [letter] = post[0].letters
    assert letter["Message-ID"] == first["message_id"]
    assert again == first
    async with database.transaction(notice.tenant) as connection:
        assert await connection.scalar(text("SELECT count(*) FROM notifications")) == 1


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


async def test_who_has_no_address_is_told_in_the_application(
    notice: ActivityCall, post: tuple[Postman, MailServer]
) -> None:
    result = await _send(notice, to="role:warehouse", subject="s")

    assert (result["told"], result["sent_to"], post[0].letters) == (["mute"], [], [])


@pytest.mark.parametrize("to", ["role:unheard_of", "group:night", "user:gone"])
async def test_a_notice_that_reaches_nobody_is_reported_to_the_admins_and_put_on_record(
    notice: ActivityCall, post: tuple[Postman, MailServer], database: Database, to: str
) -> None:
    await add_user(database, notice.tenant, "root", email="root@plant.example", roles=["admin"])

    result = await _send(notice, to=[to, "user:anna"], subject="Overdue")
    await _send(notice, to=[to, "user:anna"], subject="Overdue")

    assert (result["unreached"], result["told"]) == ([to], ["anna"])
    async with database.transaction(notice.tenant) as connection:
        report = (await connection.execute(text("SELECT * FROM notifications WHERE username = 'root'"))).one()
        [record] = (await connection.execute(text("SELECT * FROM audit"))).all()
    assert (report.urgency, report.read_at) == ("critical", None)
    assert to in report.subject
    assert "Overdue" in report.text
    assert (record.action, record.after["word"]) == ("notice.unreachable", to)
    assert post[0].received == ["anna@plant.example"]


async def test_a_word_that_can_name_nobody_is_a_failure_that_a_retry_does_not_cure(notice: ActivityCall) -> None:
    with pytest.raises(ActionFailed) as caught:
        await _send(notice, to="role:", subject="s")

    assert (caught.value.code, caught.value.retryable) == ("RECIPIENT_MALFORMED", False)


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

    async def sent(to: str, state: str = "review") -> Any:
        return (await _send(replace(notice, key=f"{notice.key}/{uuid4()}"), to=to, state=state))["sent_to"]

    assert await sent("assignee") == ["bo@plant.example"]
    async with database.transaction(notice.tenant) as connection:
        await connection.execute(text("UPDATE tasks SET assignee = 'anna'"))

    assert await sent("assignee") == ["anna@plant.example"]
    assert await sent("candidates") == ["bo@plant.example"]
    assert await sent("assignee", state="elsewhere") == []
    assert await sent("creator") == []


async def test_a_recipient_the_server_refuses_does_not_keep_the_letter_from_the_others(
    notice: ActivityCall, post: tuple[Postman, MailServer]
) -> None:
    post[0].refuse["bo@plant.example"] = "550 no such user"

    result = await _send(notice, to="role:qc_manager", subject="s")

    assert (result["sent_to"], result["refused"]) == (["anna@plant.example"], ["bo@plant.example"])


@pytest.mark.parametrize(
    ("answer", "kept"), [("451 try later", "waiting"), ("550 no such user", "refused"), ("552 too much", "refused")]
)
async def test_a_letter_the_server_does_not_take_waits_or_is_given_up(
    notice: ActivityCall, post: tuple[Postman, MailServer], answer: str, kept: str
) -> None:
    post[0].refuse["anna@plant.example"] = answer

    result = await _send(notice, to="user:anna", subject="s")

    assert (result[kept], result["sent_to"], result["told"]) == (["anna@plant.example"], [], ["anna"])


@pytest.mark.parametrize(("answer", "kept"), [("452 disk full", "waiting"), ("554 looks like spam", "refused")])
async def test_so_does_a_letter_whose_content_it_does_not_take(
    notice: ActivityCall, post: tuple[Postman, MailServer], answer: str, kept: str
) -> None:
    post[0].data_answer = answer

    assert (await _send(notice, to="user:anna", subject="s"))[kept] == ["anna@plant.example"]


async def test_a_mail_server_that_is_down_is_no_failure_of_the_process(
    database: Database, tenant: str, people: None, tmp_path: Path
) -> None:
    server = MailServer("127.0.0.1", free_port(), starttls=False, timeout_s=2.0)

    result = await _send(call(equipment(database, tmp_path, server=server), tenant), to="user:anna", subject="s")

    assert (result["waiting"], result["told"]) == (["anna@plant.example"], ["anna"])


async def test_starttls_is_demanded_where_it_is_configured(
    database: Database, tenant: str, people: None, post: tuple[Postman, MailServer], tmp_path: Path
) -> None:
    server = MailServer("127.0.0.1", post[1].port, starttls=True, timeout_s=2.0)

    result = await _send(call(equipment(database, tmp_path, server=server), tenant), to="user:anna", subject="s")

    assert (result["waiting"], post[0].letters) == (["anna@plant.example"], [])


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


@pytest.mark.parametrize(
    ("begins", "ends", "revoked", "told"),
    [
        (-1, 1, None, ["anna", "mute"]),
        (-2, -1, None, ["anna"]),
        (1, 2, None, ["anna"]),
        (-1, 1, "now()", ["anna"]),
    ],
)
async def test_who_stands_in_for_somebody_away_is_told_too(
    notice: ActivityCall, database: Database, begins: int, ends: int, revoked: str | None, told: list[str]
) -> None:
    async with database.transaction(notice.tenant) as connection:
        await connection.execute(
            text(
                "INSERT INTO absences (tenant_id, username, substitute, starts_at, ends_at, reason, created_by,"
                f" revoked_at) VALUES (:t, 'anna', 'mute', now() + {begins} * interval '1 day',"
                f" now() + {ends} * interval '1 day', 'holiday', 'anna', {revoked or 'NULL'})"
            ),
            {"t": notice.tenant},
        )

    assert (await _send(notice, to="user:anna", subject="s"))["told"] == told
