"""What the tests of the definition commands share: a process, a statechart, and the command itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from api.cli.definitions import commands

DEFINITIONS = Path(__file__).resolve().parents[2] / "definitions"
NCR = DEFINITIONS / "quality" / "ncr_report.yaml"
ORDER = DEFINITIONS / "production" / "order.yaml"
DELIVERY = DEFINITIONS / "integration" / "webhook_delivery.yaml"

DOOR = """process: door
version: "1.0.0"
title: Door
start: {by: [anyone]}
data: {type: object, properties: {opened: {type: integer}}}
defaults: {opened: 0}
states:
  closed:
    transitions:
      open: {by: [anyone], to: opened, set: {opened: data.opened + 1}}
  opened:
    transitions:
      close: {by: [anyone], to: closed}
    after:
      - {in: PT2H, to: closed, emit: door.closed}
"""
CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" initial="off">
  <datamodel><data id="n" expr="0"/></datamodel>
  <state id="off"><transition event="press" target="on"><assign location="n" expr="n + 1"/></transition></state>
  <parallel id="on">
    <state id="light"/><state id="fan"/>
    <onentry><send event="tired" delay="60s"/></onentry>
    <transition event="press tired" target="off"/>
  </parallel>
</scxml>"""


def jidoka(*arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def file(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def simulated(path: Path, events: Any, *options: object) -> list[dict[str, Any]]:
    listed = file(path.parent, "events.json", events)
    result = jidoka("simulate", path, "--events", listed, "--format", "json", *options)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    trace: list[dict[str, Any]] = json.loads(result.stdout)
    return trace
