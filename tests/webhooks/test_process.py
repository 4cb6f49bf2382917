"""Deliveries as durable processes: outbox, dispatcher, interpreter and receiver together on the real servers."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from temporalio.client import Client

from activities.actions import catalogue
from activities.actions.registry import default
from activities.instance_activities import InstanceActivities
from activities.outbox import Dispatcher, Pace, through
from activities.services.instances import Instances
from activities.services.webhooks import Delivery, Filter
from activities.store.program_source import program_source
from activities.store.repositories import definitions
from activities.store.repositories.webhook_deliveries import PROCESS
from activities.worker import workers
from tests.effects import ANNA
from tests.receiver import Receiver, answer, hang
from tests.webhooks.conftest import HERE, Post
from workflows.definition.compile import compile_file, compile_text
from workflows.definition.program import Program
from workflows.engine.scenarios import run_all
from workflows.machine import programs

DEFINITION = Path(__file__).parents[2] / "definitions" / "integration" / "webhook_delivery.yaml"
LONG_WAITS = '["PT5S", "PT5M", "PT30M", "PT2H", "PT5H", "PT10H", "PT14H", "PT20H", "P1D"]'
SHORT_WAITS = '["PT0.2S", "PT0.3S"]'


@pytest.fixture(scope="module")
def quick() -> Program:
    """The shipped definition with shorter waits."""
    text = DEFINITION.read_text()
    assert text.count(LONG_WAITS) == 1
    compilation = compile_text(
        text.replace(LONG_WAITS, SHORT_WAITS),
        filename=DEFINITION.name,
        catalogue=catalogue(),
        read_file=lambda name: (DEFINITION.parent / name).read_text(),
    )
    assert compilation.program is not None
    return compilation.program


class Plant:
    """One tenant with a worker, a dispatcher and the published definition, its waits shortened."""

    def __init__(self, post: Post, instances: Instances, dispatcher: Dispatcher) -> None:
        self.post = post
        self.instances = instances
        self.dispatcher = dispatcher

    async def only_delivery(self) -> Delivery:
        [found], _ = await self.post.service.deliveries(self.post.tenant, Filter(), limit=2, offset=0)
        return found

    async def until(self, delivery_id: int, state: str) -> Delivery:
        found: Delivery | None = None
        async with asyncio.timeout(20):
            while found is None or found.state != state:
                await asyncio.sleep(0.03)
                found, _ = await self.post.service.delivery(self.post.tenant, delivery_id)
        return found


@pytest.fixture
async def plant(post: Post, quick: Program, temporal_client: Client, database_url: str) -> AsyncIterator[Plant]:
    programs.install(program_source(database_url))
    suffix = f"-{post.tenant}"
    instances = Instances(post.database, temporal_client, default(), queue_suffix=suffix)
    async with post.database.system() as connection:
        await definitions.add_program(connection, quick)
    async with post.database.transaction(post.tenant) as connection:
        await definitions.add_version(
            connection, post.tenant, quick, source="", files={}, changelog=None, username="test"
        )
    activities = InstanceActivities(
        database=post.database, registry=default(), instances=instances, equipment=post.equipment
    )
    start = through(instances)

    async def ours(delivery: Any) -> object:
        return await start(delivery) if delivery.tenant == post.tenant else None

    dispatcher = Dispatcher(post.database, ours, pace=Pace(idle_s=0.02, most_idle_s=0.1))
    async with workers(temporal_client, activities, sandboxed=True, queue_suffix=suffix):
        loop = asyncio.create_task(dispatcher.run())
        yield Plant(post, instances, dispatcher)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


def test_the_scenarios_of_the_definition_pass_and_cover_every_transition() -> None:
    compilation = compile_file(DEFINITION, catalogue())
    assert compilation.program is not None
    assert compilation.document is not None
    assert compilation.diagnostics == []

    results, coverage = run_all(compilation.program, compilation.document.scenarios, {})

    assert [result.to_json() for result in results if not result.passed] == []
    assert coverage.uncovered == []


async def test_an_event_reaches_its_receiver_signed(plant: Plant, receiver: Receiver) -> None:
    _, secret = await plant.post.endpoint(receiver.url, "order.*")
    await plant.post.emit("order.completed", 7)
    await asyncio.wait_for(receiver.arrived.wait(), 20)

    delivery = await plant.until((await plant.only_delivery()).id, "delivered")

    [hit] = receiver.hits
    message = Webhook(secret).verify(hit.body, dict(hit.headers))
    assert (message["event"], message["data"], message["sequence"]) == ("order.completed", {"entityId": 7}, 1)
    assert hit.headers["webhook-id"] == delivery.webhook_id
    assert (delivery.attempts, delivery.last_status, delivery.next_attempt_at) == (1, 200, None)


async def test_a_receiver_that_fails_and_hangs_gets_it_in_the_end(plant: Plant, receiver: Receiver) -> None:
    receiver.script.extend([answer(500), hang, answer(200)])
    await plant.post.endpoint(receiver.url)
    await plant.post.emit("order.completed", 7)
    await asyncio.wait_for(receiver.arrived.wait(), 20)

    delivery = await plant.until((await plant.only_delivery()).id, "delivered")

    assert len(receiver.hits) == 3
    assert len({(hit.headers["webhook-id"], hit.body) for hit in receiver.hits}) == 1
    _, attempts = await plant.post.service.delivery(plant.post.tenant, delivery.id)
    assert [(one.attempt, one.status_code, one.error) for one in attempts] == [
        (1, 500, "HTTP 500"),
        (2, None, "timeout: no byte for 0.5 s"),
        (3, 200, None),
    ]


async def test_what_was_given_up_can_be_replayed(plant: Plant, receiver: Receiver) -> None:
    receiver.usual = answer(503)
    endpoint, _ = await plant.post.endpoint(receiver.url)
    await plant.post.emit("order.completed", 7)
    await asyncio.wait_for(receiver.arrived.wait(), 20)
    lost = await plant.until((await plant.only_delivery()).id, "exhausted")
    assert lost.attempts == 3

    receiver.usual = answer(200)
    replayed = await plant.post.service.replay_range(
        plant.post.tenant, endpoint.id, Filter(states=["exhausted"]), actor=ANNA, origin=HERE
    )

    assert replayed == 1
    await plant.until(lost.id, "replayed")
    [again, _], _ = await plant.post.service.deliveries(plant.post.tenant, Filter(), limit=2, offset=0)
    assert again.replay_of == lost.id
    await plant.until(again.id, "delivered")
    assert len({hit.headers["webhook-id"] for hit in receiver.hits}) == 1


async def test_410_tells_the_owner_and_ends_the_delivery(plant: Plant, receiver: Receiver, tmp_path: Path) -> None:
    receiver.usual = answer(410)
    endpoint, _ = await plant.post.endpoint(receiver.url)
    await plant.post.emit("order.completed", 7)
    await asyncio.wait_for(receiver.arrived.wait(), 20)

    await plant.until((await plant.only_delivery()).id, "discarded")

    assert (await plant.post.service.get(plant.post.tenant, endpoint.id)).health.status == "disabled"
    [file] = (tmp_path / "mail").glob("*.eml")
    letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert letter["To"] == "anna@plant.example"
    assert letter["Subject"] == f"Webhook endpoint disabled: {receiver.url}"


async def test_started_twice_a_delivery_is_one_process(plant: Plant, receiver: Receiver) -> None:
    """What happens when a dispatcher dies between the start and the mark."""
    await plant.post.endpoint(receiver.url)
    await plant.post.emit("order.completed", 7)
    await asyncio.wait_for(receiver.arrived.wait(), 20)
    delivery = await plant.until((await plant.only_delivery()).id, "delivered")

    await plant.post.run_sql("UPDATE webhook_deliveries SET started_at = NULL")
    async with asyncio.timeout(20):
        while (await plant.post.run_sql("SELECT started_at FROM webhook_deliveries"))[0].started_at is None:
            await asyncio.sleep(0.03)

    assert len(receiver.hits) == 1
    rows = await plant.post.run_sql("SELECT entity_id FROM instances WHERE process = :p", p=PROCESS)
    assert [row.entity_id for row in rows] == [delivery.entity_id]


async def test_deliveries_tell_no_events(plant: Plant, receiver: Receiver) -> None:
    await plant.post.endpoint(receiver.url, "*")
    await plant.post.emit("order.completed", 7)
    await asyncio.wait_for(receiver.arrived.wait(), 20)
    await plant.until((await plant.only_delivery()).id, "delivered")

    rows = await plant.post.run_sql("SELECT event FROM outbox")

    assert [row.event for row in rows] == ["order.completed"]
