"""The inbox by tabs, filters and order, single tasks, and drafts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from tests.api.conftest import Plant
from tests.api.report import Report
from tests.api.work import Work

TASKS = "/api/v1/tasks"


@pytest.fixture
def work(plant: Plant) -> Work:
    return Work(plant)


async def ids(client: httpx.AsyncClient, **params: Any) -> list[int]:
    answer = await client.get(TASKS, params=params)
    assert answer.status_code == 200, answer.text
    return [item["entity_id"] for item in answer.json()["tasks"]]


async def test_tabs_tell_mine_from_my_groups_and_what_i_watch(plant: Plant, work: Work) -> None:
    eva = await plant.as_("qc_manager", username="eva", groups=["north"])
    mine = await work.open(assignee="eva", candidates=["role:nobody"])
    role = await work.open(candidates=["role:qc_manager"])
    group = await work.open(candidates=["group:north"])
    taken = await work.open(candidates=["role:qc_manager"], assignee="tom")
    watched = await work.open(candidates=["role:planner"])
    await eva.post(f"/api/v1/workflows/ncr_report/{watched}/watchers", json={})

    assert await ids(eva, tab="mine") == [mine]
    assert sorted(await ids(eva, tab="groups")) == [role, group]
    assert sorted(await ids(eva)) == [mine, role, group]
    assert await ids(eva, tab="watching") == [watched]
    assert sorted(await ids(eva, tab="all")) == [mine, role, group, taken, watched]
    counts = (await eva.get(TASKS)).json()["counts"]
    assert counts == {"mine": 1, "groups": 2, "watching": 1, "done": 0}


async def test_who_acts_for_somebody_sees_their_tasks_where_they_may(plant: Plant, work: Work) -> None:
    await plant.person("qc_manager", username="omar")
    anna = await plant.as_("engineer", username="anna")
    root = await plant.as_("admin")
    ends = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
    body = {"from": "omar", "to": "anna", "ends_at": ends, "process": "ncr_report", "reason": "Ill"}
    assert (await root.post("/api/v1/delegations", json=body)).status_code == 201
    his = await work.open(assignee="omar")
    his_role = await work.open(candidates=["role:qc_manager"])
    await work.open("capa", assignee="omar")
    await work.open("capa", candidates=["role:qc_manager"])

    assert await ids(anna, tab="mine") == [his]
    assert await ids(anna, tab="groups") == [his_role]


async def test_filters_narrow_together(plant: Plant, work: Work) -> None:
    eva = await plant.as_("qc_manager", username="eva")
    now = dt.datetime.now(dt.UTC)
    late = await work.open(due_at=(now - dt.timedelta(days=2)).isoformat(), priority=1, number="NCR-100%")
    soon = await work.open(due_at=(now + dt.timedelta(days=2)).isoformat(), priority=2, title="Weld seam")
    other = await work.open("capa", assignee="eva")

    assert await ids(eva, overdue="true") == [late]
    assert await ids(eva, priority=2) == [soon]
    assert await ids(eva, entity_type="capa") == [other]
    assert await ids(eva, assignee="me") == [other]
    assert await ids(eva, q="weld SEAM") == [soon]
    assert await ids(eva, q="100%") == [late]
    assert await ids(eva, q="%") == [late]
    assert await ids(eva, due_from=str(now.date())) == [soon]
    assert await ids(eva, due_to=str(now.date()), priority=2) == []


async def test_the_order_is_the_caller_s_choice(plant: Plant, work: Work) -> None:
    eva = await plant.as_("qc_manager", username="eva")
    now = dt.datetime.now(dt.UTC)
    never = await work.open(priority=2)
    late = await work.open(priority=3, due_at=(now + dt.timedelta(days=3)).isoformat())
    early = await work.open(priority=4, due_at=(now + dt.timedelta(days=1)).isoformat())

    assert await ids(eva) == [never, late, early]
    assert await ids(eva, sort="due") == [early, late, never]
    assert await ids(eva, sort="due", descending="true") == [late, early, never]
    assert await ids(eva, sort="priority", descending="true") == [early, late, never]
    assert await ids(eva, sort="due", per_page=1, page=2) == [late]


async def test_why_it_is_due_then_is_told(plant: Plant, work: Work) -> None:
    eva = await plant.as_("qc_manager", username="eva")
    await work.open(due_at="2025-11-11T14:00:00Z", due_why="Fri 14:00 + 2 working days")

    listed = (await eva.get(TASKS)).json()["tasks"][0]

    assert listed["due_why"] == "Fri 14:00 + 2 working days"


@pytest.mark.parametrize(
    "params", [{"tab": "yours"}, {"sort": "colour"}, {"priority": "0"}, {"due_from": "soon"}, {"q": ""}, {"page": "0"}]
)
async def test_what_cannot_be_asked_is_refused(plant: Plant, params: dict[str, str]) -> None:
    assert (await (await plant.as_("operator")).get(TASKS, params=params)).status_code == 400


async def test_what_i_did_is_on_its_own_tab_youngest_first(report: Report) -> None:
    first, second = await report.started(), await report.started()
    for started in (first, second):
        await report.take(report.qc_manager, started["id"], "approve")

    assert await ids(report.qc_manager, tab="done") == [second["id"], first["id"]]
    shown = (await report.qc_manager.get(f"{TASKS}/report/{first['id']}/1")).json()
    assert (shown["closed_by"], shown["transitions"]) == ("qc_manager", [])
    assert (await report.inspector.get(TASKS)).json()["counts"]["done"] == 0


async def test_a_task_says_what_the_caller_may_do(report: Report) -> None:
    started = await report.started()

    path = f"{TASKS}/report/{started['number']}/1"
    shown = (await report.qc_manager.get(path)).json()

    assert (shown["state"], shown["watching"]) == ("submitted", False)
    assert {item["code"]: item["allowed"] for item in shown["transitions"]}["approve"]
    missing = await report.qc_manager.get(f"{TASKS}/report/{started['id']}/99")
    assert (missing.status_code, missing.json()["code"]) == (404, "NO_SUCH_TASK")


# --- drafts -------------------------------------------------------------------------------------------------


async def test_a_draft_is_the_writer_s_own_and_kept_until_dropped(plant: Plant, work: Work) -> None:
    eva, tom = await plant.as_("qc_manager", username="eva"), await plant.as_("qc_manager", username="tom")
    path = f"{TASKS}/ncr_report/{await work.open()}/1/draft"

    await eva.put(path, json={"transition": "reject", "data": {"comment": "The pho"}})
    saved = await eva.put(path, json={"transition": "reject", "data": {"comment": "The photo", "n": 1.5}})

    assert saved.status_code == 200
    assert (await eva.get(path)).json()["data"] == {"comment": "The photo", "n": 1.5}
    assert (await tom.get(path)).json()["code"] == "NO_DRAFT"
    assert [(await eva.delete(path)).status_code for _ in range(2)] == [204, 204]
    assert (await eva.get(path)).status_code == 404


async def test_there_are_no_drafts_for_closed_tasks_nor_for_keys(plant: Plant, work: Work) -> None:
    admin = await plant.as_("admin")
    key = (await admin.post("/api/v1/api-keys", json={"name": "robot", "scope": "read-write"})).json()["apiKey"]
    path = f"{TASKS}/ncr_report/{await work.open()}/1/draft"

    assert (await plant.with_credential(key).put(path, json={"data": {}})).status_code == 403
    assert (await admin.put(path.replace("/1/", "/2/"), json={"data": {}})).status_code == 404
    assert (await admin.put(path, json={"data": {"x": "y" * 70_000}})).status_code == 413
