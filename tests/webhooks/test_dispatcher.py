"""From the outbox to processes: nothing lost, nothing doubled, whoever is killed when."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from activities.outbox import Dispatcher, Pace
from activities.store.database import Database
from activities.store.repositories.webhook_deliveries import Unstarted
from tests.effects import ANNA, new_tenant
from tests.receiver import Receiver
from tests.webhooks.conftest import HERE, Post
from workflows.domain.errors import Unavailable

QUICK = Pace(idle_s=0.01, most_idle_s=0.05, trouble_s=0.02, start_s=1.0)


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs, the transaction is lost."""


@dataclass
class Processes:
    """Stands for Temporal: a process per entity id, started at most once however often it is asked for."""

    tenant: str
    started: Counter[int] = field(default_factory=Counter)
    """Entity id -> how often it was asked for."""
    deliveries: dict[int, Unstarted] = field(default_factory=dict)
    away: bool = False
    broken: set[int] = field(default_factory=set)
    """Delivery ids that can never be started."""
    kill_after: int | None = None

    async def start(self, delivery: Unstarted) -> None:
        if delivery.tenant != self.tenant:  # the database is shared with other tests
            return
        if self.away:
            raise Unavailable("Temporal cannot be reached")
        if delivery.id in self.broken:
            raise RuntimeError("no such process")
        await asyncio.sleep(0)
        self.started[delivery.entity_id] += 1
        self.deliveries[delivery.entity_id] = delivery
        if self.kill_after is not None and self.started.total() >= self.kill_after:
            raise Killed


@pytest.fixture
async def processes(post: Post) -> Processes:
    """Nothing of other tests waits in the outbox."""
    processes = Processes(post.tenant)
    await _drain(_dispatcher(post, processes))
    return processes


def _dispatcher(post: Post, processes: Processes, pace: Pace = QUICK) -> Dispatcher:
    return Dispatcher(post.database, processes.start, pace=pace)


async def _drain(dispatcher: Dispatcher) -> None:
    while await dispatcher.plan() + await dispatcher.start():
        pass


async def _left(post: Post) -> int:
    [row] = await post.run_sql(
        "SELECT (SELECT count(*) FROM outbox WHERE dispatched_at IS NULL)"
        " + (SELECT count(*) FROM webhook_deliveries WHERE started_at IS NULL) AS n"
    )
    return int(row.n)


async def test_an_event_becomes_one_process_for_each_endpoint_that_listens(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    all_events, _ = await post.endpoint(receiver.url, "*")
    orders, _ = await post.endpoint(receiver.url, "order.*")
    await post.endpoint(receiver.url, "woo.*")
    off, _ = await post.endpoint(receiver.url, "*")
    await post.service.change(post.tenant, off.id, {"enabled": False}, actor=ANNA, origin=HERE)
    gone, _ = await post.endpoint(receiver.url, "*")
    await post.service.delete(post.tenant, gone.id, actor=ANNA, origin=HERE)
    await post.emit("order.created", 1)

    await _drain(_dispatcher(post, processes))

    assert sorted(one.endpoint_id for one in processes.deliveries.values()) == [all_events.id, orders.id]
    assert set(processes.started.values()) == {1}
    rows = await post.run_sql("SELECT webhook_id, body, endpoint_id, entity_id FROM webhook_deliveries")
    assert len({row.webhook_id for row in rows}) == 1
    assert {row.entity_id for row in rows} == set(processes.started)
    assert f'"webhookId":"{orders.id}","sequence":1}}' in next(row.body for row in rows if row.endpoint_id == orders.id)
    assert await _left(post) == 0


async def test_an_event_nobody_listens_to_is_done_with(post: Post, processes: Processes) -> None:
    await post.emit("order.created", 1)

    await _drain(_dispatcher(post, processes))

    assert await _left(post) == 0
    assert not processes.started


async def test_events_of_deliveries_do_not_go_round_for_ever(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    await post.endpoint(receiver.url, "*")
    await post.emit("webhook_delivery.failed", 1, process="webhook_delivery")

    await _drain(_dispatcher(post, processes))

    assert await _left(post) == 0
    assert not processes.started


async def test_an_endpoint_gets_no_events_of_another_tenant(
    post: Post, processes: Processes, receiver: Receiver, database: Database
) -> None:
    await post.endpoint(receiver.url, "*")
    stranger = Post(await new_tenant(database), database, post.service, post.equipment, post.clock)
    await stranger.emit("order.created", 1)

    await _drain(_dispatcher(post, processes))

    assert not processes.started
    assert await _left(stranger) == 0


async def test_two_dispatchers_share_the_work_and_double_nothing(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    await post.endpoint(receiver.url, "*")
    await post.endpoint(receiver.url, "order.*")
    for number in range(150):
        await post.emit("order.created", number)
    pace = Pace(events=10, starts=5)

    await asyncio.gather(*(_drain(_dispatcher(post, processes, pace)) for _ in range(3)))

    assert len(processes.started) == 300
    assert set(processes.started.values()) == {1}
    assert await _left(post) == 0


async def test_killed_between_start_and_mark_the_start_is_repeated_with_the_same_id(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    await post.endpoint(receiver.url, "*")
    for number in range(5):
        await post.emit("order.created", number)
    processes.kill_after = 3
    doomed = _dispatcher(post, processes, Pace(starts=20))
    await doomed.plan()
    with pytest.raises(Killed):
        await doomed.start()
    assert await _left(post) == 5

    processes.kill_after = None
    await _drain(_dispatcher(post, processes))

    assert len(processes.started) == 5
    assert max(processes.started.values()) == 2
    assert await _left(post) == 0


async def test_killed_between_plan_and_start_nothing_is_lost(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    await post.endpoint(receiver.url, "*")
    await post.emit("order.created", 1)
    await _dispatcher(post, processes).plan()

    await _drain(_dispatcher(post, processes))

    assert len(processes.started) == 1


async def test_while_temporal_is_away_deliveries_wait_and_then_start_at_once(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    await post.endpoint(receiver.url, "*")
    await post.emit("order.created", 1)
    processes.away = True
    dispatcher = _dispatcher(post, processes)
    await dispatcher.plan()
    with pytest.raises(Unavailable):
        await dispatcher.start()

    processes.away = False
    await _drain(dispatcher)

    assert len(processes.started) == 1


async def test_a_delivery_that_cannot_be_started_does_not_hold_up_the_others(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    await post.endpoint(receiver.url, "*")
    for number in range(4):
        await post.emit("order.created", number)
    dispatcher = _dispatcher(post, processes, Pace(starts=1))
    await dispatcher.plan()
    [first, *_] = await post.run_sql("SELECT id FROM webhook_deliveries ORDER BY id")
    processes.broken.add(first.id)

    for _ in range(5):
        await dispatcher.start()

    assert len(processes.started) == 3
    [row] = await post.run_sql("SELECT start_failures, start_after > now() AS waits FROM webhook_deliveries"
                               " WHERE started_at IS NULL")  # fmt: skip
    assert row.start_failures == 1
    assert row.waits


async def test_a_process_may_record_its_attempt_while_the_dispatcher_still_starts_others(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    endpoint, _ = await post.endpoint(receiver.url, "*")
    delivery = await post.test_event(endpoint)
    results: list[str] = []

    async def start_and_run(claimed: Unstarted) -> None:
        async with asyncio.timeout(3):
            results.append((await post.attempt(delivery))["outcome"])

    assert await Dispatcher(post.database, start_and_run, pace=Pace(start_s=4)).start() == 1

    assert results == ["delivered"]


async def test_the_loop_runs_until_cancelled_and_survives_trouble(
    post: Post, processes: Processes, receiver: Receiver
) -> None:
    await post.endpoint(receiver.url, "*")
    processes.away = True
    loop = asyncio.create_task(_dispatcher(post, processes).run())
    await post.emit("order.created", 1)
    await asyncio.sleep(0.1)
    processes.away = False

    async with asyncio.timeout(10):
        while not processes.started:
            await asyncio.sleep(0.01)
    loop.cancel()

    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_a_replay_names_the_delivery_it_replaces(post: Post, processes: Processes, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver.url, "*")
    first = await post.test_event(endpoint)
    again = await post.service.replay(post.tenant, first.id, actor=ANNA, origin=HERE)

    await _drain(_dispatcher(post, processes))

    assert processes.deliveries[first.entity_id].replays is None
    assert processes.deliveries[again.entity_id].replays == first.entity_id
