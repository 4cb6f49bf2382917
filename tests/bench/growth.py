"""What size does: many instances in one worker, many transitions of one instance."""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
import time
from collections.abc import Awaitable, Callable

import psutil
from temporalio.client import Client

from tests.bench.definition import SUFFIX
from tests.bench.figures import Figure
from tests.bench.transitions import Contestant
from workflows.messages.instance import CORE_QUEUE, WORKFLOW

CACHED_INSTANCES = 1000
STARTED_AT_ONCE = 20
TRANSITIONS = 5000
PATIENCE_S = 90.0
"""On a slow machine a life is as long as can be had in that time; the figures say how long it was."""
COMPARED = 100
"""Transitions whose latencies are compared."""
IN_FLIGHT = 8


def _ours() -> Contestant:
    return Contestant("size", WORKFLOW, CORE_QUEUE + SUFFIX)


async def fill_worker(client: Client, worker: psutil.Process) -> list[Figure]:
    """Starts per second, and what a worker keeps in memory for its instances."""
    contestant = _ours()
    await contestant.start(client)  # once this is through, the worker has loaded all it needs
    empty = worker.memory_info().rss
    began = time.perf_counter()
    await at_once(STARTED_AT_ONCE, CACHED_INSTANCES, lambda: contestant.start(client))
    seconds = time.perf_counter() - began
    full = worker.memory_info().rss
    return [
        Figure("starts_per_s", CACHED_INSTANCES / seconds, "1/s"),
        Figure("worker_mib_idle", empty / 2**20, "MiB"),
        Figure("worker_mib_1000_instances", full / 2**20, "MiB"),
        Figure("worker_kib_per_instance", (full - empty) / 2**10 / CACHED_INSTANCES, "KiB"),
    ]


async def age(client: Client) -> list[Figure]:
    """Latency of the last transitions of a long life against that of a new instance's first; they take turns."""
    old = await _ours().start(client)
    await at_once(IN_FLIGHT, TRANSITIONS - COMPARED, old.step, patience_s=PATIENCE_S)
    young = await _ours().start(client)
    turns = [(await old.step(), await young.step()) for _ in range(COMPARED)]
    slow, fast = (statistics.median(latencies) for latencies in zip(*turns, strict=True))
    return [
        Figure("history_growth_ratio", slow / fast, "time/time"),
        Figure("history_growth_transitions", old.steps, "transitions"),
        Figure("history_growth_p50_ms", 1000 * slow, "ms"),
    ]


async def at_once(width: int, times: int, do: Callable[[], Awaitable[object]], *, patience_s: float = math.inf) -> None:
    """Call `do` so many times, at most `width` at once; no further call begins after `patience_s`."""
    end = time.perf_counter() + patience_s
    left = itertools.takewhile(lambda _: time.perf_counter() < end, range(times))

    async def some() -> None:
        for _ in left:
            await do()

    await asyncio.gather(*(some() for _ in range(width)))
