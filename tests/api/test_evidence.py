"""The evidence pack over REST."""

from __future__ import annotations

import pytest

from activities.evidence.check import check
from tests.api.report import WORKFLOWS, Report


async def test_an_auditor_exports_a_pack_that_proves_itself(report: Report) -> None:
    started = await report.started()
    await report.take(report.qc_manager, started["id"], "approve")
    await report.take(report.inspector, started["id"], "close")
    auditor = await report.plant.as_("auditor")

    answer = await auditor.get(f"{WORKFLOWS}/report/{started['number']}/evidence")

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert (
        answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''Report-{started['number']}.evidence.zip"
    )
    verdict = check(answer.content)
    assert verdict.problems == []
    assert (verdict.about["number"], verdict.about["seq"]) == (started["number"], 2)


@pytest.mark.parametrize("role", ["inspector", "operator"])
async def test_who_may_not_export_is_refused(report: Report, role: str) -> None:
    started = await report.started()
    someone = await report.plant.as_(role, username="someone")

    answer = await someone.get(f"{WORKFLOWS}/report/{started['id']}/evidence")

    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_an_unknown_instance_has_no_evidence(report: Report) -> None:
    auditor = await report.plant.as_("auditor")

    assert (await auditor.get(f"{WORKFLOWS}/report/987654321/evidence")).status_code == 404
