"""People for tests, and a process in YAML taken through its engine."""

from __future__ import annotations

from typing import Any

from tests.definition.catalogues import CATALOGUE
from tests.engine.charts import AT, Instance
from workflows.definition.compile import compile_text
from workflows.definition.program import Program
from workflows.engine.events import Actor, Event, Principal, Step, Verdict
from workflows.engine.step import step
from workflows.engine.tasks import command
from workflows.engine.verdicts import judge


def person(username: str, *roles: str, **more: Any) -> Actor:
    return Actor(1, username, username.capitalize(), roles, **more)


def stands_in_for(actor: Actor, **more: Any) -> Principal:
    """Everything that actor may do, handed over."""
    return Principal(actor.username, actor.name, actor.roles, actor.groups, **more)


def compiled(yaml: str) -> Program:
    compilation = compile_text(yaml, filename="people.yaml", catalogue=CATALOGUE)
    assert compilation.program is not None, [str(item) for item in compilation.diagnostics]
    return compilation.program


class Plant:
    """One instance, and people who act on it at a time that only moves when told to."""

    def __init__(self, yaml: str, creator: Actor, data: dict[str, Any] | None = None) -> None:
        self.instance = Instance(compiled(yaml), actor=creator, data=data)
        self.at = AT

    @property
    def state(self) -> str:
        return self.instance.state

    @property
    def task(self) -> dict[str, Any]:
        (found,) = self.instance.snapshot.tasks.values()
        return found

    def verdict(self, code: str, actor: Actor, **more: Any) -> Verdict:
        event = Event(code, more.pop("data", {}), more.pop("at", self.at), actor, **more)
        return judge(self.instance.chart, self.instance.snapshot, event)

    def refused(self, code: str, actor: Actor, **more: Any) -> str | None:
        """Error code of the refusal; None when it is possible."""
        return self.verdict(code, actor, **more).error

    def act(self, code: str, actor: Actor, **more: Any) -> Step:
        """Judged, then taken."""
        event = Event(code, more.pop("data", {}), more.pop("at", self.at), actor, **more)
        judge(self.instance.chart, self.instance.snapshot, event).demand()
        self.instance.last = step(self.instance.chart, self.instance.snapshot, event)
        return self.instance.last

    def command(self, name: str, actor: Actor, *, task: str | None = None, at: str | None = None, **data: Any) -> Step:
        """Claim, release or reassign the open task."""
        key = task if task is not None else next(iter(self.instance.snapshot.tasks), "")
        event = Event(name, {"task": key, **data}, at or self.at, actor)
        self.instance.last = command(self.instance.chart, self.instance.snapshot, event)
        return self.instance.last
