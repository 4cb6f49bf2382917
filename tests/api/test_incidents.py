"""Incidents over REST: seen, acted on with a reason, on record."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from activities.notices.chore import notifier
from tests.api.conftest import Plant
from tests.effects import equipment

CALL = """process: call
version: "1.0.0"
title: Call
start: {by: [anyone]}
data:
  type: object
  properties: {url: {type: string}}
initial: calling
states:
  calling:
    entry:
      - do: http.request
        id: ask
        with: {url: data.url}
        done: {to: over}
    transitions:
      set_aside: {to: aside, by: [role:supervisor]}
  aside:
    transitions:
      give_up: {to: over, by: [anyone]}
  over: {final: true}
"""


async def _until(client: httpx.AsyncClient, path: str, **wanted: Any) -> dict[str, Any]:
    """The instance once it shows these values; at most 15 s."""
    async with asyncio.timeout(15):
        while True:
            said = (await client.get(path)).json()
            if all(said[name] == value for name, value in wanted.items()):
                return dict(said)
            await asyncio.sleep(0.05)


@pytest.fixture
async def admin(live_plant: Plant) -> httpx.AsyncClient:
    client = await live_plant.as_("admin")
    published = await client.post("/api/v1/definitions", json={"yaml": CALL})
    assert published.status_code == 201, published.text
    return client


@pytest.fixture
async def stuck(admin: httpx.AsyncClient) -> str:
    """Path of an instance whose call leads to a private address and is refused."""
    started = await admin.post("/api/v1/workflows/call", json={"data": {"url": "https://10.0.0.1/"}})
    assert started.status_code == 201, started.text
    path = f"/api/v1/workflows/call/{started.json()['id']}"
    await _until(admin, path, open_incidents=1)
    return path


async def test_an_effect_that_cannot_be_carried_out_is_an_incident_that_can_be_seen(
    admin: httpx.AsyncClient, stuck: str
) -> None:
    listed = (await admin.get("/api/v1/incidents")).json()
    shown = (await admin.get(stuck)).json()["incidents"]
    stopped = (await admin.get("/api/v1/workflows/call", params={"incidents": "true"})).json()

    assert listed["total"] == stopped["total"] == 1
    assert listed["incidents"] == shown
    assert (shown[0]["kind"], shown[0]["error"]["code"]) == ("effect", "ADDRESS_REFUSED")


async def test_skipping_goes_on_as_if_it_had_been_done_and_says_who_and_why(
    admin: httpx.AsyncClient, stuck: str
) -> None:
    incident = (await admin.get("/api/v1/incidents")).json()["incidents"][0]["incident"]

    acted = await admin.post(f"{stuck}/incidents/{incident}/skip", json={"reason": "called by telephone"})

    assert acted.status_code == 200, acted.text
    assert (await _until(admin, stuck, status="done"))["state"] == "over"
    resolved = (await admin.get("/api/v1/incidents", params={"resolved": "true"})).json()["incidents"]
    assert [(item["resolution"], item["resolved_by"], item["reason"]) for item in resolved] == [
        ("skip", "admin", "called by telephone")
    ]


async def test_who_looks_after_it_is_seen_by_others_and_on_record_and_the_first_counts(
    live_plant: Plant, admin: httpx.AsyncClient, stuck: str
) -> None:
    incident = (await admin.get("/api/v1/incidents")).json()["incidents"][0]["incident"]
    owner = await live_plant.as_("process_owner")
    path = f"{stuck}/incidents/{incident}/acknowledge"

    first = await owner.post(path, json={"reason": "calling the supplier"})
    again = await admin.post(path, json={})

    assert (first.status_code, first.json()["acknowledged_by"]) == (200, "process_owner")
    assert again.json() == first.json()
    assert (await admin.get("/api/v1/incidents", params={"acknowledged": "false"})).json()["total"] == 0
    entries = (await admin.get("/api/v1/audit-log", params={"action": "incident.acknowledge"})).json()
    assert "calling the supplier" in str(entries)
    operator = await live_plant.as_("operator")
    assert (await operator.post(path, json={})).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"entity_type": "call"}, 1),
        ({"entity_type": "other"}, 0),
        ({"state": "calling"}, 1),
        ({"state": "aside"}, 0),
        ({"kind": "effect", "code": "ADDRESS_REFUSED"}, 1),
        ({"kind": "timer"}, 0),
        ({"code": "X"}, 0),
        ({"opened_before": "2999-01-01T00:00:00Z"}, 1),
        ({"opened_before": "2000-01-01T00:00:00Z"}, 0),
        ({"acknowledged": "true"}, 0),
    ],
)
async def test_incidents_are_found_by_process_state_kind_code_age_and_care(
    admin: httpx.AsyncClient, stuck: str, query: dict[str, str], found: int
) -> None:
    answer = await admin.get("/api/v1/incidents", params=query)

    assert (answer.status_code, answer.json()["total"]) == (200, found)


async def test_the_admins_are_alerted_by_whichever_worker_comes_first(
    live_plant: Plant, admin: httpx.AsyncClient, stuck: str, tmp_path: Path
) -> None:
    given = equipment(live_plant.database, tmp_path)

    await asyncio.gather(*(notifier(given).round() for _ in range(2)))

    [told] = (await admin.get("/api/v1/notifications")).json()["notifications"]
    assert stuck.endswith(f"/{told['entity_type']}/{told['entity_id']}")
    assert "ADDRESS_REFUSED" in told["text"]


async def test_moving_leaves_the_state(admin: httpx.AsyncClient, stuck: str) -> None:
    incident = (await admin.get("/api/v1/incidents")).json()["incidents"][0]["incident"]

    acted = await admin.post(
        f"{stuck}/incidents/{incident}/move", json={"reason": "nobody answers there", "target": "aside"}
    )

    assert (acted.status_code, acted.json()["state"]) == (200, "aside")


async def test_patching_changes_the_data_by_merge(admin: httpx.AsyncClient, stuck: str) -> None:
    incident = (await admin.get("/api/v1/incidents")).json()["incidents"][0]["incident"]

    acted = await admin.post(
        f"{stuck}/incidents/{incident}/patch",
        json={"reason": "wrong address", "data": {"url": "https://10.0.0.2/"}},
    )

    assert acted.status_code == 200, acted.text
    assert (await admin.get(stuck)).json()["data"]["url"] == "https://10.0.0.2/"


async def test_one_key_acts_once(admin: httpx.AsyncClient, stuck: str) -> None:
    incident = (await admin.get("/api/v1/incidents")).json()["incidents"][0]["incident"]
    path, headers = f"{stuck}/incidents/{incident}/skip", {"Idempotency-Key": "skip-1"}

    answers = [await admin.post(path, json={"reason": "called"}, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("skip", {}, "reason"),
        ("skip", {"reason": ""}, "reason"),
        ("skip", {"reason": "x", "target": "over"}, "target"),
        ("move", {"reason": "x"}, "target"),
        ("patch", {"reason": "x"}, "data"),
        ("retry", {"reason": "x", "data": {}}, "data"),
        ("explode", {"reason": "x"}, "act"),
    ],
)
async def test_acts_need_a_reason_and_what_belongs_to_them(
    admin: httpx.AsyncClient, stuck: str, act: str, body: dict[str, Any], field: str
) -> None:
    answer = await admin.post(f"{stuck}/incidents/1/{act}", json=body)

    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, field)


async def test_only_those_who_may_act_do(live_plant: Plant, stuck: str) -> None:
    supervisor, operator = await live_plant.as_("supervisor"), await live_plant.as_("operator")

    statuses = [
        (await supervisor.get("/api/v1/incidents")).status_code,
        (await supervisor.post(f"{stuck}/incidents/1/skip", json={"reason": "x"})).status_code,
        (await operator.get("/api/v1/incidents")).status_code,
    ]

    assert statuses == [200, 403, 403]
