"""Webhooks over REST: the shapes of the external contract, the secret once, the delivery log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Plant

HOOKS = "/api/v1/webhooks"
BODY = {"url": "https://127.0.0.1/hook", "events": ["order.*"], "description": "ERP feedback"}


async def _created(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post(HOOKS, json=BODY)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_webhook_is_created_with_its_secret_shown_once(plant: Plant) -> None:
    admin = await plant.as_("admin")

    created = await _created(admin)
    shown = (await admin.get(f"{HOOKS}/{created['id']}")).json()

    assert created["secret"].startswith("whsec_")
    assert shown == {name: value for name, value in created.items() if name != "secret"}
    assert (shown["isActive"], shown["verified"], shown["events"]) == (True, False, ["order.*"])


async def test_webhooks_are_listed_changed_and_removed(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = await _created(admin)
    path = f"{HOOKS}/{created['id']}"

    changed = (await admin.patch(path, json={"isActive": False, "events": ["*"]})).json()
    listed = (await admin.get(HOOKS)).json()
    removed = await admin.delete(path)
    after = await admin.get(path)

    assert (changed["isActive"], changed["events"], changed["health"]) == (False, ["*"], "disabled")
    assert [item["id"] for item in listed["webhooks"]] == [created["id"]]
    assert listed["pagination"] == {"total": 1, "limit": 50, "offset": 0, "hasMore": False}
    assert (removed.status_code, after.status_code) == (204, 404)


async def test_a_rotated_secret_is_another_one(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = await _created(admin)

    rotated = (await admin.post(f"{HOOKS}/{created['id']}/rotate-secret")).json()

    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != created["secret"]


async def test_a_test_event_is_in_the_delivery_log_and_can_be_sent_again(plant: Plant) -> None:
    admin = await plant.as_("admin")
    path = f"{HOOKS}/{(await _created(admin))['id']}"

    sent = await admin.post(f"{path}/test")
    again = await admin.post(f"{path}/deliveries/{sent.json()['id']}/redeliver")
    log = (await admin.get(f"{path}/deliveries")).json()
    detail = (await admin.get(f"{path}/deliveries/{sent.json()['id']}")).json()

    assert (sent.status_code, again.status_code) == (202, 202)
    assert (sent.json()["event"], sent.json()["status"], sent.json()["test"]) == ("webhook.test", "pending", True)
    assert again.json()["messageId"] == sent.json()["messageId"]
    assert again.json()["replayOf"] == sent.json()["id"]
    assert [item["id"] for item in log["deliveries"]] == [again.json()["id"], sent.json()["id"]]
    assert detail["attemptLog"] == []


async def test_verification_says_when_the_challenge_was_sent(plant: Plant) -> None:
    admin = await plant.as_("admin")

    answer = await admin.post(f"{HOOKS}/{(await _created(admin))['id']}/verify")

    assert answer.status_code == 200
    assert answer.json()["challengeSentAt"]


async def test_a_range_is_replayed(plant: Plant) -> None:
    admin = await plant.as_("admin")
    path = f"{HOOKS}/{(await _created(admin))['id']}"
    await admin.post(f"{path}/test")
    await admin.post(f"{path}/test")

    answer = await admin.post(f"{path}/deliveries/replay", json={"fromDate": "2020-01-01T00:00:00Z"})

    assert (answer.status_code, answer.json()) == (202, {"replayed": 2})


async def test_a_disabled_webhook_sends_nothing(plant: Plant) -> None:
    admin = await plant.as_("admin")
    path = f"{HOOKS}/{(await _created(admin))['id']}"
    await admin.patch(path, json={"isActive": False})

    answer = await admin.post(f"{path}/test")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ENDPOINT_DISABLED")


@pytest.mark.parametrize(
    "body",
    [
        {**BODY, "url": "https://10.0.0.1/hook"},
        {**BODY, "url": "https://169.254.169.254/latest"},
        {**BODY, "url": "ftp://example.com"},
        {**BODY, "url": "not a url"},
        {**BODY, "events": []},
        {**BODY, "events": ["order created"]},
        {"events": ["*"]},
    ],
)
async def test_bad_subscriptions_are_refused_with_422(plant: Plant, body: dict[str, Any]) -> None:
    answer = await (await plant.as_("admin")).post(HOOKS, json=body)

    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["details"]["field"] in {"url", "events"}


async def test_a_delivery_is_found_only_under_its_own_webhook(plant: Plant) -> None:
    admin = await plant.as_("admin")
    one, two = await _created(admin), await _created(admin)
    sent = (await admin.post(f"{HOOKS}/{one['id']}/test")).json()

    answer = await admin.get(f"{HOOKS}/{two['id']}/deliveries/{sent['id']}")

    assert answer.status_code == 404


async def test_changes_of_webhooks_are_on_record_without_secrets(plant: Plant) -> None:
    admin = await plant.as_("admin")
    created = await _created(admin)
    await admin.post(f"{HOOKS}/{created['id']}/rotate-secret")

    log = await admin.get("/api/v1/audit-log", params={"entityType": "webhook_endpoint"})

    assert [entry["action"] for entry in log.json()["entries"]] == ["webhook.rotate_secret", "webhook.create"]
    assert created["secret"] not in log.text
