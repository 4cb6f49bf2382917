"""Transitions through the whole product: HTTP, authentication, policy, instance, commit, answer."""

from __future__ import annotations

import asyncio
import itertools
import time

import httpx

from tests.bench.definition import PROCESS
from tests.bench.figures import Figure, percentile
from tests.bench.growth import at_once
from tests.bench.transitions import CODE

INSTANCES = 50
STEPS = 6
STARTS = 120


async def measure(client: httpx.AsyncClient) -> list[Figure]:
    """`client` acts as an operator; the process is published."""
    keys = itertools.count()

    async def post(path: str, body: dict[str, object]) -> dict[str, int]:
        answer = await client.post(path, json=body, headers={"Idempotency-Key": f"bench-{next(keys)}"})
        answer.raise_for_status()
        told: dict[str, int] = answer.json()
        return told

    async def start() -> None:
        ids.append((await post(f"/api/v1/workflows/{PROCESS}", {"data": {"count": 0}}))["id"])

    async def march(entity_id: int) -> None:
        for _ in range(STEPS):
            began = time.perf_counter()
            await post(f"/api/v1/workflows/{PROCESS}/{entity_id}/transition/{CODE}", {})
            latencies.append(time.perf_counter() - began)

    ids: list[int] = []
    latencies: list[float] = []
    began = time.perf_counter()
    await at_once(20, STARTS, start)
    starts_s = time.perf_counter() - began
    began = time.perf_counter()
    await asyncio.gather(*map(march, ids[:INSTANCES]))
    steps_s = time.perf_counter() - began
    return [
        Figure("http_starts_per_s", STARTS / starts_s, "1/s"),
        Figure("http_transitions_per_s", INSTANCES * STEPS / steps_s, "1/s"),
        Figure("http_transition_p50_ms", 1000 * percentile(latencies, 0.50), "ms"),
        Figure("http_transition_p95_ms", 1000 * percentile(latencies, 0.95), "ms"),
    ]
