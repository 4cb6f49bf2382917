"""What `jidoka simulate` does: events from a file, one by one, on a virtual clock."""

from __future__ import annotations

from typing import Any

import typer

from api.cli.definition_files import empty_facts, refused, say
from workflows.definition.program import Program
from workflows.domain.errors import InvalidInput, JidokaError
from workflows.engine.simulation import MONDAY_MORNING, Simulation
from workflows.engine.times import duration

_KEYS = {"event": {"event", "data"}, "advance": {"advance"}}


def simulated(
    program: Program, events: Any, *, data: Any, facts: Any, at: str | None, auto: bool
) -> list[dict[str, Any]]:
    """One entry for the start and one after each event: {"state", "data", "effects"}.

    Ends the command with status 2 for input that is no such thing, and with 1 when a step fails.
    """
    steps = _steps(events)
    for name, value in (("data", data), ("facts", facts)):
        if not isinstance(value, dict):
            raise refused(f"--{name}: must be a JSON object")
    try:
        simulation = Simulation(program, at or MONDAY_MORNING, {**empty_facts(program), **facts})
    except JidokaError as problem:
        raise refused(f"--at: {problem.message}") from problem
    trace: list[dict[str, Any]] = []
    for position, given in enumerate([{"start": data}, *steps]):
        try:
            effects = _taken(simulation, given)
            effects += simulation.settle(actions=auto)
        except InvalidInput as problem:
            raise refused(f"{_where(position, given)}: {problem.message}") from problem
        except JidokaError as problem:
            say(f"{_where(position, given)}: {problem.code}: {problem.message}")
            raise typer.Exit(1) from problem
        trace.append({"state": simulation.state, "data": simulation.snapshot.data, "effects": effects})
    return trace


def in_lines(trace: list[dict[str, Any]]) -> str:
    """For people: one line an entry, the effects below it."""
    lines: list[str] = []
    for position, entry in enumerate(trace):
        lines.append(f"{position or 'start'}: {', '.join(entry['state'])}")
        for effect in entry["effects"]:
            about = effect.get("event") or effect.get("action") or effect.get("timer") or effect.get("task") or ""
            lines.append(f"    {effect['kind']} {about}".rstrip())
    return "\n".join(lines)


def _steps(events: Any) -> list[dict[str, Any]]:
    """The events, each checked."""
    if not isinstance(events, list):
        raise refused("--events: must be a JSON list")
    for position, given in enumerate(events, start=1):
        problem = _wrong(given)
        if problem is not None:
            raise refused(f"--events: item {position}: {problem}")
    return list(events)


def _wrong(given: Any) -> str | None:
    if not isinstance(given, dict) or len(_KEYS.keys() & given.keys()) != 1:
        return 'must be {"event": name, "data": {…}} or {"advance": "PT2H"}'
    kind = "event" if "event" in given else "advance"
    extra = sorted(given.keys() - _KEYS[kind])
    if extra:
        return f"unknown key {extra[0]!r}"
    if not isinstance(given[kind], str) or not given[kind]:
        return f"{kind!r} must be a text"
    if not isinstance(given.get("data", {}), dict):
        return "'data' must be an object"
    if kind == "advance":
        try:
            duration(given["advance"])
        except JidokaError as problem:
            return problem.message
    return None


def _taken(simulation: Simulation, given: dict[str, Any]) -> list[dict[str, Any]]:
    if "start" in given:
        return simulation.start(given["start"])
    if "advance" in given:
        return simulation.advance(given["advance"])
    return simulation.send(given["event"], given.get("data"), ref=simulation.reported_by(given["event"]))


def _where(position: int, given: dict[str, Any]) -> str:
    if "start" in given:
        return "start"
    return f"event {position} ({given.get('event') or given.get('advance')})"
