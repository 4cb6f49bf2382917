"""Scenarios as they are written: given a start, when steps, then an expectation, on a virtual clock."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, GetJsonSchemaHandler, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from workflows.definition.document.base import ONE_OR_MORE, Candidate, Code, DurationText, Name, Node, Target

SPOKEN = re.compile(
    r"(?P<event>[A-Za-z_][A-Za-z0-9_.-]*)(?: by (?P<by>[A-Za-z0-9_.:@/-]+))?(?P<signed> signed)?", re.ASCII
)
"""`approve by qc_manager`, `approve by anna/qc_manager signed`, `timeout`."""


class ScenarioStart(Node):
    what: ClassVar[str] = "the start of a scenario"
    by: str | None = None
    """User or role; left out: the first who may."""
    data: dict[str, Any] = Field(default_factory=dict)
    number: str | None = None


class ActorStep(Node):
    """Something that somebody does, or tries."""

    by: str | None = None
    """User or role, or USER/ROLE; left out: the system."""
    for_: str | None = Field(default=None, alias="for")
    """In whose place, written like `by`."""
    skills: list[Name] | None = None
    """Certificates held; left out: all."""
    data: dict[str, Any] = Field(default_factory=dict)
    signed: bool = False
    """With the electronic signature that the transition asks for."""
    claim: bool = False
    """The task is claimed first, in the same step."""


class EventStep(ActorStep):
    what: ClassVar[str] = "a step"
    event: Code
    """Transition code or event."""


class TransitionStep(EventStep):
    event: Code = Field(alias="transition")
    """Transition code."""


class TaskStep(ActorStep):
    what: ClassVar[str] = "a `task` step"
    task: Literal["claim", "release", "reassign"]
    """What is done with an open task."""
    of: Target | None = None
    """State of the task; left out: the only one that is open."""
    to: Candidate | None = None
    """Of `reassign`: to whom."""


class RefusedStep(ActorStep):
    what: ClassVar[str] = "a `refused` step"
    refused: Code
    """Transition code that must be refused now."""
    with_: str | None = Field(default=None, alias="with")
    """Error code of the refusal; left out: any."""


class AdvanceStep(Node):
    what: ClassVar[str] = "an `advance` step"
    advance: DurationText
    """Moves the clock; due timers fire in order."""


class DoneStep(Node):
    what: ClassVar[str] = "a `done` step"
    done: str
    """Id of the `do`."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Its result."""


class FailedStep(Node):
    what: ClassVar[str] = "a `failed` step"
    failed: str
    """Id of the `do`."""
    error: dict[str, Any] = Field(default_factory=dict)


class ChildStep(Node):
    what: ClassVar[str] = "a `child` step"
    child: int | str
    """Index from 0, or id, of the child that ends."""
    outcome: str | None = None
    """Its final state; left out with `error`: it failed."""
    data: dict[str, Any] = Field(default_factory=dict)
    error: dict[str, Any] | None = None


class FactsStep(Node):
    what: ClassVar[str] = "a `facts` step"
    facts: dict[str, Any]
    """Values of facts from here on."""


STEPS: dict[str, type[Node]] = {
    "event": EventStep,
    "transition": TransitionStep,
    "refused": RefusedStep,
    "task": TaskStep,
    "advance": AdvanceStep,
    "done": DoneStep,
    "failed": FailedStep,
    "child": ChildStep,
    "facts": FactsStep,
}


def _step_kind(raw: Any) -> str | None:
    """The tag of the union, in angle brackets so that it is never a key."""
    if isinstance(raw, str):
        return "<spoken>"
    if isinstance(raw, dict):
        return next((f"<{key}>" for key in raw if key in STEPS), None)
    return next((f"<{key}>" for key, model in STEPS.items() if type(raw) is model), None)


def _spoken(text: Any) -> Any:
    match = SPOKEN.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise PydanticCustomError(
            "spoken_step",
            "a step in words reads `CODE by WHO` or `CODE by WHO signed`, not `{text}`",
            {"text": str(text)[:80]},
        )
    spoken: dict[str, Any] = {"event": match["event"]} | ({"by": match["by"]} if match["by"] else {})
    return spoken | ({"signed": True} if match["signed"] else {})


class _SpokenSchema:
    """In the JSON Schema a step in words is a text."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^(?:{re.sub(r'[?]P<[a-z]+>', '', SPOKEN.pattern)})$"}


StepNode = Annotated[
    Annotated[EventStep, BeforeValidator(_spoken), _SpokenSchema(), Tag("<spoken>")]
    | Annotated[EventStep, Tag("<event>")]
    | Annotated[TransitionStep, Tag("<transition>")]
    | Annotated[RefusedStep, Tag("<refused>")]
    | Annotated[TaskStep, Tag("<task>")]
    | Annotated[AdvanceStep, Tag("<advance>")]
    | Annotated[DoneStep, Tag("<done>")]
    | Annotated[FailedStep, Tag("<failed>")]
    | Annotated[ChildStep, Tag("<child>")]
    | Annotated[FactsStep, Tag("<facts>")],
    Discriminator(
        _step_kind,
        custom_error_type="not_a_step",
        custom_error_message="a step is a text `CODE by WHO` or a mapping with one of the keys " + ", ".join(STEPS),
    ),
]


class Expectation(Node):
    what: ClassVar[str] = "an expectation"
    state: Annotated[list[Target], *ONE_OR_MORE] | None = None
    """The active atomic states, all of them."""
    data: dict[str, Any] | None = None
    """A part of the data."""
    emitted: list[Code] | None = None
    """All domain events since the start, in order."""
    tasks: list[str] | None = None
    """States with an open task."""
    done: bool | None = None
    """Whether the instance has ended."""


class Scenario(Node):
    what: ClassVar[str] = "a scenario"
    name: str
    facts: dict[str, Any] = Field(default_factory=dict)
    """Values of facts."""
    auto: bool = True
    """Activities report done by themselves at the end of each step."""
    start: ScenarioStart = Field(default_factory=lambda: ScenarioStart.model_validate({}))
    """Given: who starts the instance with which data."""
    steps: list[StepNode] = Field(default_factory=list)
    """When: what happens, in order."""
    expect: Expectation = Field(default_factory=lambda: Expectation.model_validate({}))
    """Then: what must be so in the end."""
