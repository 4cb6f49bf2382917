"""Endpoints and deliveries as people manage them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from activities.services.webhooks import MOST_ENDPOINTS, Filter
from tests.effects import ANNA
from tests.receiver import Receiver, answer
from tests.webhooks.conftest import HERE, Post
from workflows.domain.errors import Conflict, InvalidInput, NotFound


async def test_the_secret_is_shown_once_and_kept_sealed(post: Post, receiver: Receiver) -> None:
    endpoint, secret = await post.endpoint(receiver.url, "order.completed", description="ERP feedback")

    assert secret.startswith("whsec_")
    assert secret.encode() not in endpoint.secret
    shown = await post.service.get(post.tenant, endpoint.id)
    assert (shown.url, shown.events, shown.description, shown.owner) == (
        receiver.url, ("order.completed",), "ERP feedback", "user:anna",
    )  # fmt: skip
    assert shown.health.status == "active"


@pytest.mark.parametrize(
    "url",
    ["http://1.1.1.1/hook", "https://10.0.0.1/hook", "https://169.254.169.254/latest", "https://[::1]/", "ftp://x/",
     "https://user:pw@1.1.1.1/", "hook", ""],
)  # fmt: skip
async def test_a_url_the_guard_refuses_is_not_saved(post: Post, url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await post.endpoint(url)

    assert caught.value.violations[0]["field"] == "url"
    assert await post.service.page(post.tenant, limit=10, offset=0) == ([], 0)


async def test_a_name_that_does_not_resolve_yet_is_saved(post: Post) -> None:
    endpoint, _ = await post.endpoint("https://receiver.invalid/hook")

    assert endpoint.id


@pytest.mark.parametrize("events", [[""], ["order completed"], ["*.completed"], ["order.**"], [".order"], ["x" * 101]])
async def test_malformed_events_are_refused(post: Post, receiver: Receiver, events: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await post.endpoint(receiver.url, *events)

    assert caught.value.violations[0]["field"] == "events"


async def test_an_endpoint_listens_to_at_least_one_event(post: Post, receiver: Receiver) -> None:
    with pytest.raises(InvalidInput):
        await post.service.create(post.tenant, url=receiver.url, events=[], actor=ANNA, origin=HERE)


async def test_endpoints_are_listed_in_pages(post: Post, receiver: Receiver) -> None:
    made = [(await post.endpoint(f"{receiver.url}/{number}"))[0] for number in range(3)]

    first, total = await post.service.page(post.tenant, limit=2, offset=0)
    rest, _ = await post.service.page(post.tenant, limit=2, offset=2)

    assert total == 3
    assert [one.id for one in [*first, *rest]] == [one.id for one in made]


async def test_a_tenant_has_a_limited_number_of_endpoints(post: Post, receiver: Receiver) -> None:
    for _ in range(MOST_ENDPOINTS):
        await post.endpoint(receiver.url)

    with pytest.raises(Conflict) as caught:
        await post.endpoint(receiver.url)

    assert caught.value.code == "TOO_MANY_ENDPOINTS"


async def test_changes_are_judged_like_a_new_endpoint(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver.url)
    change: dict[str, Any] = {"events": ["woo.*"], "description": "new"}

    changed = await post.service.change(post.tenant, endpoint.id, change, actor=ANNA, origin=HERE)
    with pytest.raises(InvalidInput):
        await post.service.change(post.tenant, endpoint.id, {"url": "https://10.0.0.1/"}, actor=ANNA, origin=HERE)

    assert (changed.events, changed.description, changed.url) == (("woo.*",), "new", receiver.url)


async def test_disabling_and_enabling(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver.url)

    off = await post.service.change(post.tenant, endpoint.id, {"enabled": False}, actor=ANNA, origin=HERE)
    with pytest.raises(Conflict) as caught:
        await post.test_event(endpoint)
    on = await post.service.change(post.tenant, endpoint.id, {"enabled": True}, actor=ANNA, origin=HERE)

    assert (off.health.status, off.health.reason) == ("disabled", "disabled by anna")
    assert caught.value.code == "ENDPOINT_DISABLED"
    assert (on.health.status, on.health.failures, on.health.reason) == ("active", 0, None)


async def test_a_deleted_endpoint_is_gone_and_its_deliveries_stay(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver.url)
    await post.test_event(endpoint)

    await post.service.delete(post.tenant, endpoint.id, actor=ANNA, origin=HERE)

    with pytest.raises(NotFound):
        await post.service.get(post.tenant, endpoint.id)
    assert (await post.service.deliveries(post.tenant, Filter(endpoint_id=endpoint.id), limit=10, offset=0))[1] == 1


async def test_every_write_is_on_record_without_secrets(post: Post, receiver: Receiver) -> None:
    endpoint, secret = await post.endpoint(receiver.url)
    who: dict[str, Any] = {"actor": ANNA, "origin": HERE}
    await post.service.change(post.tenant, endpoint.id, {"description": "x"}, **who)
    _, new_secret = await post.service.rotate_secret(post.tenant, endpoint.id, **who)
    await post.service.test(post.tenant, endpoint.id, **who)
    await post.service.delete(post.tenant, endpoint.id, **who)

    rows = await post.run_sql("SELECT action, username, ip::text, entity_id, before, after FROM audit ORDER BY id")

    assert [row.action for row in rows] == [
        "webhook.create", "webhook.update", "webhook.rotate_secret", "webhook.test", "webhook.delete",
    ]  # fmt: skip
    assert {(row.username, row.entity_id) for row in rows} == {("anna", str(endpoint.id))}
    assert not any(one in str(rows) for one in (secret, new_secret))


async def test_nothing_of_another_tenant_can_be_reached(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)
    who: dict[str, Any] = {"actor": ANNA, "origin": HERE}
    service, stranger = post.service, "t-stranger"

    for attempt in (
        service.get(stranger, endpoint.id),
        service.change(stranger, endpoint.id, {"enabled": False}, **who),
        service.delete(stranger, endpoint.id, **who),
        service.rotate_secret(stranger, endpoint.id, **who),
        service.test(stranger, endpoint.id, **who),
        service.delivery(stranger, delivery.id),
        service.replay(stranger, delivery.id, **who),
        service.replay_range(stranger, endpoint.id, Filter(), **who),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await service.deliveries(stranger, Filter(), limit=10, offset=0) == ([], 0)


async def test_the_delivery_log_shows_attempts_and_can_be_narrowed(post: Post, receiver: Receiver) -> None:
    receiver.script.append(answer(500, b"down"))
    endpoint, _ = await post.endpoint(receiver.url)
    other, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)
    await post.test_event(other)
    await post.attempt(delivery, 1)
    await post.attempt(delivery, 2)

    [found], total = await post.service.deliveries(
        post.tenant, Filter(endpoint_id=endpoint.id, event="webhook.test"), limit=10, offset=0
    )
    shown, attempts = await post.service.delivery(post.tenant, delivery.id)

    assert total == 1
    assert (found.id, found.attempts, found.last_status, found.state) == (delivery.id, 2, 200, "pending")
    assert shown == found
    assert [(one.attempt, one.status_code, one.error, one.response) for one in attempts] == [
        (1, 500, "HTTP 500", "down"),
        (2, 200, None, "ok"),
    ]
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    assert (await post.service.deliveries(post.tenant, Filter(since=tomorrow), limit=10, offset=0))[1] == 0
    assert (await post.service.deliveries(post.tenant, Filter(until=tomorrow), limit=1, offset=0))[1] == 2
    assert (await post.service.deliveries(post.tenant, Filter(states=["delivered"]), limit=1, offset=0))[1] == 0


async def test_a_replay_is_a_new_delivery_of_the_same_message(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver.url)
    first = await post.test_event(endpoint)

    again = await post.service.replay(post.tenant, first.id, actor=ANNA, origin=HERE)
    await post.attempt(first)
    await post.attempt(again)

    assert again.id != first.id
    assert again.entity_id != first.entity_id
    assert again.replay_of == first.id
    one, two = receiver.hits
    assert one.headers["webhook-id"] == two.headers["webhook-id"]
    assert one.body == two.body


async def test_a_range_is_replayed_by_time_event_and_state_without_replaying_replays(
    post: Post, receiver: Receiver
) -> None:
    endpoint, _ = await post.endpoint(receiver.url)
    other, _ = await post.endpoint(receiver.url)
    for _ in range(3):
        await post.test_event(endpoint)
    await post.test_event(other)
    who: dict[str, Any] = {"actor": ANNA, "origin": HERE}
    hour = dt.timedelta(hours=1)
    now = dt.datetime.now(dt.UTC)

    assert await post.service.replay_range(post.tenant, endpoint.id, Filter(event="order.created"), **who) == 0
    assert await post.service.replay_range(post.tenant, endpoint.id, Filter(states=["exhausted"]), **who) == 0
    assert await post.service.replay_range(post.tenant, endpoint.id, Filter(until=now - hour), **who) == 0
    wanted = Filter(since=now - hour, until=now + hour, event="webhook.test", states=["pending"])
    assert await post.service.replay_range(post.tenant, endpoint.id, wanted, **who) == 3
    assert await post.service.replay_range(post.tenant, endpoint.id, wanted, **who) == 3
    assert (await post.service.deliveries(post.tenant, Filter(endpoint_id=endpoint.id), limit=1, offset=0))[1] == 9
