"""One attempt at a delivery against real receivers."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from activities.actions.context import ActionFailed
from activities.outbound.client import GuardedClient
from activities.outbound.lanes import Lanes
from activities.webhooks.health import Rules
from tests.certificates import Authority
from tests.effects import ANNA, FAST
from tests.receiver import Receiver, answer, drip, flood, hang, receiving
from tests.webhooks.conftest import HERE, Post
from workflows.domain.durations import duration_seconds


async def test_a_receiver_gets_a_signed_message_it_can_verify(post: Post, receiver: Receiver) -> None:
    endpoint, secret = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)

    result = await post.attempt(delivery)

    assert result["outcome"] == "delivered"
    assert result["status"] == 200
    [hit] = receiver.hits
    message = Webhook(secret).verify(hit.body, dict(hit.headers))
    assert message == json.loads(delivery.body)
    assert message["event"] == message["type"] == "webhook.test"
    assert message["teamId"] == post.tenant
    assert message["webhookId"] == str(endpoint.id)
    assert hit.headers["webhook-id"] == delivery.webhook_id
    assert hit.headers["content-type"] == "application/json"
    assert hit.body == delivery.body.encode()


async def test_every_attempt_has_the_same_id_and_body_and_a_new_time(post: Post, receiver: Receiver) -> None:
    receiver.script.extend([answer(500), answer(200)])
    endpoint, secret = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)

    await post.attempt(delivery, 1)
    post.clock.advance(seconds=7)
    await post.attempt(delivery, 2)

    first, second = receiver.hits
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 7
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    Webhook(secret).verify(second.body, dict(second.headers))


async def test_while_a_rotation_lasts_old_and_new_secret_verify(post: Post, receiver: Receiver) -> None:
    endpoint, old = await post.endpoint(receiver.url)
    _, new = await post.service.rotate_secret(post.tenant, endpoint.id, actor=ANNA, origin=HERE)

    await post.attempt(await post.test_event(endpoint))
    post.clock.advance(hours=25)
    await post.attempt(await post.test_event(endpoint))

    during, after = receiver.hits
    for secret in (new, old):
        Webhook(secret).verify(during.body, dict(during.headers))
    assert after.headers["webhook-signature"].count("v1,") == 1
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(after.body, {**after.headers, "webhook-timestamp": during.headers["webhook-timestamp"]})


@pytest.mark.parametrize("status", [300, 302, 400, 404, 429, 500, 502, 504])
async def test_anything_but_2xx_is_tried_again(post: Post, receiver: Receiver, status: int) -> None:
    receiver.script.append(answer(status, b"why"))
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)

    result = await post.attempt(delivery, wait="PT5M")

    assert (result["outcome"], result["status"], result["error"]) == ("retry", status, f"HTTP {status}")
    assert 300 <= duration_seconds(result["next_wait"]) <= 331
    _, [attempt] = await post.service.delivery(post.tenant, delivery.id)
    assert (attempt.attempt, attempt.status_code, attempt.response) == (1, status, "why")


async def test_retry_after_is_obeyed(post: Post, receiver: Receiver) -> None:
    receiver.script.append(answer(429, b"", {"Retry-After": "3600"}))
    endpoint, _ = await post.endpoint(receiver.url)

    result = await post.attempt(await post.test_event(endpoint), wait="PT5S")

    assert result["next_wait"] == "PT1H"


async def test_a_redirect_to_a_private_address_is_a_failure_and_never_followed(post: Post, receiver: Receiver) -> None:
    async with receiving() as secret:
        receiver.script.append(answer(307, b"", {"Location": secret.url}))
        endpoint, _ = await post.endpoint(receiver.url)

        result = await post.attempt(await post.test_event(endpoint))

        assert (result["outcome"], result["status"]) == ("retry", 307)
        assert secret.hits == []


async def test_a_receiver_that_hangs_is_cut_off_and_tried_again(post: Post, receiver: Receiver) -> None:
    receiver.script.extend([hang, drip])
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)

    hung = await post.attempt(delivery, 1)
    dripped = await post.attempt(delivery, 2)

    assert hung["outcome"] == dripped["outcome"] == "retry"
    assert hung["error"] == "timeout: no byte for 0.5 s"
    assert dripped["error"] == "timeout: not finished within 1 s"
    assert hung["status"] is None


async def test_of_a_huge_answer_little_is_kept(post: Post, receiver: Receiver) -> None:
    receiver.script.append(flood(10_000_000))
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)

    assert (await post.attempt(delivery))["outcome"] == "delivered"

    _, [attempt] = await post.service.delivery(post.tenant, delivery.id)
    assert attempt.response == "x" * 2000


async def test_an_answer_with_bytes_no_text_has_is_kept_as_far_as_it_can_be(post: Post, receiver: Receiver) -> None:
    receiver.script.append(answer(500, b"\x00\xff\xfe ok"))
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)

    await post.attempt(delivery)

    _, [attempt] = await post.service.delivery(post.tenant, delivery.id)
    assert attempt.response == "��� ok"


async def test_a_bad_certificate_is_a_failure(post: Post, tmp_path: Path) -> None:
    async with receiving(Authority(tmp_path).server("127.0.0.1")) as receiver:
        endpoint, _ = await post.endpoint(receiver.url)
        result = await post.attempt(await post.test_event(endpoint))

    assert result["outcome"] == "retry"
    assert result["error"].startswith("tls: ")
    assert receiver.hits == []


async def test_a_good_certificate_is_fine(post: Post, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trusting = ssl.create_default_context(cafile=authority.file)
    post.equipment = replace(post.equipment, http=GuardedClient(("127.0.0.1",), timeouts=FAST, ssl_context=trusting))
    async with receiving(authority.server("127.0.0.1")) as receiver:
        endpoint, _ = await post.endpoint(receiver.url)
        assert (await post.attempt(await post.test_event(endpoint)))["outcome"] == "delivered"


async def test_a_name_that_moved_to_a_private_address_is_not_called(post: Post, receiver: Receiver) -> None:
    """The guard judges at every attempt, not only when the endpoint is saved."""
    endpoint, _ = await post.endpoint(receiver.url)
    post.equipment = replace(post.equipment, http=GuardedClient((), timeouts=FAST))

    result = await post.attempt(await post.test_event(endpoint))

    assert result["outcome"] == "retry"
    assert "not a public address" in result["error"]
    assert receiver.hits == []


async def test_410_disables_the_endpoint_at_once_and_tells_its_owner(post: Post, receiver: Receiver) -> None:
    receiver.script.append(answer(410))
    endpoint, _ = await post.endpoint(receiver.url)
    waiting = await post.test_event(endpoint)

    result = await post.attempt(await post.test_event(endpoint))

    assert result["outcome"] == "gone"
    assert result["notice"]["to"] == "user:anna"
    assert receiver.url in result["notice"]["subject"]
    now = await post.service.get(post.tenant, endpoint.id)
    assert (now.health.status, now.health.reason) == ("disabled", "the receiver answered 410 Gone")
    assert (await post.attempt(waiting))["outcome"] == "discarded"
    assert len(receiver.hits) == 1
    [row] = await post.run_sql("SELECT username, after, reason FROM audit WHERE action = 'webhook.disable'")
    assert (row.username, row.after, row.reason) == (
        "system", {"status": "disabled"}, "the receiver answered 410 Gone"
    )  # fmt: skip


async def test_500_for_days_degrades_and_then_disables_the_endpoint(post: Post, receiver: Receiver) -> None:
    receiver.usual = answer(500)
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)
    outcomes, statuses = [], []
    for number in range(1, 8):
        outcomes.append((await post.attempt(delivery, number, "PT14H"))["outcome"])
        statuses.append((await post.service.get(post.tenant, endpoint.id)).health.status)
        post.clock.advance(hours=14)

    assert outcomes == ["retry"] * 6 + ["gone"]
    assert statuses == ["active", "active", "degraded", "degraded", "degraded", "degraded", "disabled"]


async def test_one_success_makes_a_degraded_endpoint_active(post: Post, receiver: Receiver) -> None:
    post.equipment = replace(post.equipment, rules=Rules(degraded_after=1))
    receiver.script.append(answer(500))
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)
    await post.attempt(delivery, 1)
    assert (await post.service.get(post.tenant, endpoint.id)).health.status == "degraded"

    await post.attempt(delivery, 2)

    healthy = await post.service.get(post.tenant, endpoint.id)
    assert (healthy.health.status, healthy.health.failures) == ("active", 0)
    assert healthy.last_success_at == post.clock.now


async def test_deliveries_to_a_deleted_endpoint_are_discarded(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)
    await post.service.delete(post.tenant, endpoint.id, actor=ANNA, origin=HERE)

    assert (await post.attempt(delivery))["outcome"] == "discarded"
    assert receiver.hits == []


async def test_a_repeat_of_an_attempt_on_record_sends_nothing_and_reports_the_same(
    post: Post, receiver: Receiver
) -> None:
    receiver.script.append(answer(503))
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)

    first = await post.attempt(delivery, 1)
    again = await post.attempt(delivery, 1)

    assert first == again
    assert len(receiver.hits) == 1


async def test_two_attempts_at_the_same_moment_leave_one_record(post: Post, receiver: Receiver) -> None:
    """A worker that was thought dead may still be sending."""
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)

    results = await asyncio.gather(post.attempt(delivery, 1), post.attempt(delivery, 1))

    assert [result["outcome"] for result in results] == ["delivered", "delivered"]
    assert {hit.headers["webhook-id"] for hit in receiver.hits} == {delivery.webhook_id}
    _, attempts = await post.service.delivery(post.tenant, delivery.id)
    assert len(attempts) == 1


async def test_a_receiver_that_hangs_does_not_take_all_of_the_worker(post: Post, receiver: Receiver) -> None:
    receiver.usual = hang
    post.equipment = replace(post.equipment, lanes=Lanes(width=2))
    endpoint, _ = await post.endpoint(receiver.url)
    async with receiving() as lively:
        other, _ = await post.endpoint(lively.url)
        stuck = [asyncio.create_task(post.attempt(await post.test_event(endpoint))) for _ in range(2)]
        await asyncio.wait_for(receiver.arrived.wait(), 5)
        while len(receiver.hits) < 2:
            await asyncio.sleep(0.01)

        with pytest.raises(ActionFailed) as caught:
            await post.attempt(await post.test_event(endpoint))
        elsewhere = await post.attempt(await post.test_event(other))

        assert (caught.value.code, caught.value.retryable) == ("ENDPOINT_BUSY", True)
        assert caught.value.retry_after_s == 2.0
        assert elsewhere["outcome"] == "delivered"
        assert [result["outcome"] for result in await asyncio.gather(*stuck)] == ["retry", "retry"]
    assert (await post.attempt(await post.test_event(endpoint)))["outcome"] == "retry"


async def test_the_last_attempt_has_no_next_wait(post: Post, receiver: Receiver) -> None:
    receiver.script.append(answer(500))
    endpoint, _ = await post.endpoint(receiver.url)

    assert (await post.attempt(await post.test_event(endpoint), 10, wait=""))["next_wait"] == "PT0S"


async def test_a_delivery_of_another_tenant_does_not_exist(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver.url)
    delivery = await post.test_event(endpoint)
    post.tenant = "t-stranger"

    with pytest.raises(ActionFailed) as caught:
        await post.attempt(delivery)

    assert (caught.value.code, caught.value.retryable) == ("NO_SUCH_DELIVERY", False)
    assert receiver.hits == []
