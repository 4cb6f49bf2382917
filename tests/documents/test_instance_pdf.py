"""The record of an instance on paper."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from activities.actions.registry import default
from activities.documents.instance import InstanceRecord, compose
from activities.documents.pdf import FetchRefused, to_pdf
from activities.store.commit import commit_step
from activities.store.database import Database
from activities.store.repositories import definitions, documents
from tests.effects import call, equipment
from tests.receiver import receiving
from tests.store.steps import new_id, record
from workflows.definition.catalogue import Catalogue
from workflows.definition.compile import compile_text
from workflows.definition.program import Program
from workflows.domain.errors import NotFound
from workflows.domain.records import InstanceSummary, SignatureEntry, StepEntry
from workflows.messages.instance import StepRecord

YAML = """
process: ncr_report
version: "1.0.0"
title: Nonconformance <report>
data:
  type: object
  properties:
    severity: {type: string, title: Severity}
    inner: {type: object, properties: {qty: {type: number, title: "Quantity & unit"}}}
start: {by: [anyone]}
states:
  submitted:
    title: Awaiting review
    transitions:
      approve: {title: Approve it, by: [anyone], to: approved}
  approved: {final: true}
"""
AT = dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def program() -> Program:
    compilation = compile_text(YAML, filename="ncr.yaml", catalogue=Catalogue())
    assert compilation.program is not None, compilation.diagnostics
    return compilation.program


def _step(seq: int, **fields: Any) -> StepEntry:
    known: dict[str, Any] = {
        "seq": seq,
        "command_id": f"c{seq}",
        "event": "start" if seq == 1 else "approve",
        "taken": [] if seq == 1 else ["submitted/0"],
        "before": [],
        "after": ["submitted"] if seq == 1 else ["approved"],
        "status": "running",
        "username": "qc_manager",
        "actor": {"name": "Quinn <Meyer>"},
        "source": "api",
        "reason": None,
        "changes": {},
        "effects": [],
        "digest": "d",
        "at": AT,
        "prev_hash": "",
        "hash": "",
    }
    return StepEntry(**(known | fields))


@pytest.fixture
def paper(program: Program) -> InstanceRecord:
    summary = InstanceSummary(
        process="ncr_report",
        entity_id=42,
        number='NCR-2026-042 "x" </style><script>',
        title=None,
        version="1.0.0",
        digest=program.digest,
        status="done",
        state="approved",
        states=["approved"],
        data={
            "severity": "<b>major</b>",
            "inner": {"qty": 5.0},
            "seen_at": "2026-07-01T22:30:00Z",
            "scrap": False,
            "tags": ["a", None],
            "empty": {},
        },
        seq=2,
        assignee=None,
        creator="operator",
        outcome="approved",
        parent_process=None,
        parent_entity_id=None,
        created_at=AT,
        updated_at=AT,
        ended_at=AT,
        due_at=None,
        next_timer_at=None,
        open_incidents=0,
    )
    steps = [_step(1), _step(2, reason='looks "fine" & good')]
    return InstanceRecord("Report <1>", "Plant <Nord>", ZoneInfo("Europe/Berlin"), summary, program, steps)


def test_header_data_timeline_and_diagram_are_on_the_page(paper: InstanceRecord) -> None:
    page = compose(paper)

    for expected in (
        "<h1>Report &lt;1&gt;</h1>",
        "Plant &lt;Nord&gt;",
        "<tr><th>Severity</th><td>&lt;b&gt;major&lt;/b&gt;</td></tr>",
        "<tr><th>Quantity &amp; unit</th><td>5</td></tr>",
        "<tr><th>scrap</th><td>no</td></tr>",
        "<tr><th>tags.1</th><td>a</td></tr><tr><th>tags.2</th><td>–</td></tr>",
        "<td>Approve it: looks &quot;fine&quot; &amp; good</td>",
        "<td>Quinn &lt;Meyer&gt; (qc_manager)</td>",
        "<td>Awaiting review</td>",
        '<g class="state active" data-state="approved">',
        '<g class="state visited" data-state="submitted">',
    ):
        assert expected in page


def test_signatures_are_printed_with_name_meaning_and_time_and_void_ones_are_marked(paper: InstanceRecord) -> None:
    """21 CFR 11.50: printed name, date and time, and meaning are part of any human readable form."""
    first = SignatureEntry(
        seq=2,
        code="release",
        meaning="released",
        level="S3",
        position=1,
        complete=False,
        voids=False,
        username="quinn",
        printed_name="Quinn <Ost>",
        on_behalf_of="eva",
        signed_at=AT,
        content_hash="c" * 64,
    )
    other = replace(first, seq=3, printed_name="Emil Beck", on_behalf_of=None, voids=True, content_hash="d" * 64)

    page = compose(replace(paper, signatures=[first, other]))

    assert "<h2>Signatures</h2>" in page
    assert "2026-07-01 22:30:00 UTC" in page
    assert "Quinn &lt;Ost&gt; (quinn) for eva" in page
    assert page.count("released: release (void: the content was changed)") == 1
    assert "Signatures" not in compose(paper)


def test_times_are_those_of_the_plant(paper: InstanceRecord) -> None:
    page = compose(paper)

    assert "2026-07-02 00:30:00 CEST by operator" in page
    assert "<tr><th>seen_at</th><td>2026-07-02 00:30:00 CEST</td></tr>" in page


def test_nothing_in_the_data_becomes_markup_or_style(paper: InstanceRecord) -> None:
    page = compose(paper)

    assert "<script>" not in page
    assert page.count("</style>") == 1
    assert "<b>" not in page


def test_the_same_record_gives_the_same_bytes(paper: InstanceRecord) -> None:
    first, second = to_pdf(compose(paper)), to_pdf(compose(paper))

    assert first.startswith(b"%PDF-")
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


def test_of_a_long_log_the_latest_steps_are_printed_and_the_rest_is_counted(paper: InstanceRecord) -> None:
    page = compose(replace(paper, steps=[_step(number) for number in range(301, 801)]))

    assert "Steps 1 to 300 are not printed." in page
    assert to_pdf(page).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="https://1.1.1.1/x.png">',
        '<img src="file:///etc/passwd">',
        '<link rel="stylesheet" href="http://127.0.0.1/x.css">',
        "<style>@import 'https://1.1.1.1/x.css';</style>",
    ],
)
def test_a_page_that_refers_to_something_outside_is_refused(markup: str) -> None:
    with pytest.raises(FetchRefused):
        to_pdf(f"<!doctype html><html><body>{markup}</body></html>")


async def test_a_drawing_fetches_nothing() -> None:
    async with receiving() as receiver:
        image = f'<image href="{receiver.url}" width="9" height="9"/>'
        page = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{image}</svg>'

        assert (await asyncio.to_thread(to_pdf, page)).startswith(b"%PDF-")

        assert receiver.hits == []


async def _commit(database: Database, *records: StepRecord) -> None:
    async def nothing(*_: Any) -> None:
        return None

    for one in records:
        await commit_step(database, one, nothing)


async def test_the_action_stores_the_document_once(
    database: Database, tenant: str, program: Program, tmp_path: Path
) -> None:
    entity_id = new_id()
    async with database.system() as connection:
        await definitions.add_program(connection, program)
    await _commit(
        database,
        replace(record(tenant, entity_id), digest=program.digest),
        replace(record(tenant, entity_id, 2, states=["approved"]), digest=program.digest),
    )
    printing = call(equipment(database, tmp_path), tenant, entity_id=entity_id)

    first = await default().run_activity(printing, "document.pdf", {"title": "Final report"})
    again = await default().run_activity(printing, "document.pdf", {"title": "Final report"})

    assert first == again
    assert first["filename"] == f"NCR-{entity_id}-Final-report.pdf"
    async with database.transaction(tenant) as connection:
        [kept] = await documents.of_instance(connection, tenant, "ncr_report", entity_id)
        found = await documents.content(connection, tenant, first["document"])
    assert found is not None
    assert found[0] == kept
    assert found[1].startswith(b"%PDF-")
    assert hashlib.sha256(found[1]).hexdigest() == first["sha256"]


async def test_an_unknown_instance_has_no_document(database: Database, tenant: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await default().run_activity(call(equipment(database, tmp_path), tenant, entity_id=1), "document.pdf", {})


async def test_documents_of_another_tenant_cannot_be_read(
    database: Database, tenant: str, program: Program, tmp_path: Path
) -> None:
    entity_id = new_id()
    async with database.system() as connection:
        await definitions.add_program(connection, program)
    await _commit(database, replace(record(tenant, entity_id), digest=program.digest))
    made = await default().run_activity(
        call(equipment(database, tmp_path), tenant, entity_id=entity_id), "document.pdf", {}
    )

    async with database.transaction("t-stranger") as connection:
        assert await documents.content(connection, "t-stranger", made["document"]) is None
        assert await documents.content(connection, tenant, made["document"]) is None
