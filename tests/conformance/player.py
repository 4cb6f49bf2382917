"""Plays a statechart on a virtual clock: delayed events arrive when the test lets time pass."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from workflows.definition.program import Program
from workflows.engine import chart as charts
from workflows.engine.events import SYSTEM, Event, Step
from workflows.engine.snapshot import Snapshot
from workflows.engine.step import start, step
from workflows.engine.times import instant, written

BEGIN = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


class Player:
    """`reload`: the snapshot goes through JSON after every step."""

    def __init__(self, program: Program, *, reload: bool) -> None:
        self._chart = charts.load(program)
        self._reload = reload
        self._now = BEGIN
        first = start(self._chart, data={}, number="C-1", entity_id=1, tenant="suite", at=written(BEGIN), actor=SYSTEM)
        self._snapshot = self._kept(first)

    @property
    def configuration(self) -> list[str]:
        """Sorted ids of the active atomic states."""
        nodes = [self._chart.nodes[self._chart.number_of[name]] for name in self._snapshot.configuration]
        return sorted(node.id for node in nodes if node.atomic)

    def send(self, name: str, data: Any = None) -> None:
        self._take(Event(name, {} if data is None else data, written(self._now)))

    def wait(self, milliseconds: float) -> None:
        """Let time pass; what is due arrives in order of its due time, then of its sending."""
        until = self._now + dt.timedelta(milliseconds=milliseconds)
        while due := self._next_due(until):
            timer = self._snapshot.timers[due]
            self._now = instant(timer["due"])
            self._take(Event(timer["event"], timer["data"], timer["due"], ref=due))
        self._now = until

    def _next_due(self, until: dt.datetime) -> str | None:
        due = {key: instant(timer["due"]) for key, timer in self._snapshot.timers.items()}
        return min((key for key in due if due[key] <= until), key=due.__getitem__, default=None)

    def _take(self, event: Event) -> None:
        self._snapshot = self._kept(step(self._chart, self._snapshot, event))

    def _kept(self, made: Step) -> Snapshot:
        if not self._reload:
            return made.snapshot
        return Snapshot.from_json(json.loads(json.dumps(made.snapshot.to_json())))


def play(program: Program, expected: dict[str, Any], *, reload: bool) -> list[list[str]]:
    """The configuration after the start and after every event of the test."""
    player = Player(program, reload=reload)
    seen = [player.configuration]
    for entry in expected["events"]:
        player.wait(entry.get("after", 0))
        player.send(entry["event"]["name"], entry["event"].get("data"))
        seen.append(player.configuration)
    return seen


def wanted(expected: dict[str, Any]) -> list[list[str]]:
    """The configurations a test asks for, in the form of `play`."""
    configurations = [expected["initialConfiguration"], *(entry["nextConfiguration"] for entry in expected["events"])]
    return [sorted(configuration) for configuration in configurations]
