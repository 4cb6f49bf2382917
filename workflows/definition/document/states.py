"""States, transitions, tasks and timers as they are written."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from workflows.definition.document import actions as _actions
from workflows.definition.document.actions import ActionNode
from workflows.definition.document.base import (
    ONE_OR_MORE,
    Candidate,
    Code,
    DataPath,
    DurationText,
    ErrorCode,
    Expression,
    Identifier,
    Name,
    Node,
    SchemaRef,
    StateId,
    Target,
    Template,
    Values,
    Who,
)
from workflows.definition.document.people import Apart, QuorumNode, SignNode

Targets = Annotated[list[Target], *ONE_OR_MORE]


class Outcome(Node):
    """What a transition does: shared by transitions that people take and those that only the engine takes."""

    what: ClassVar[str] = "a transition"
    when: Expression | None = None
    """Guard; the first alternative that holds is taken."""
    to: Targets | None = None
    """Left out: the state is neither left nor entered again."""
    internal: bool = False
    """The compound state itself is neither left nor entered again; all targets lie inside it."""
    set: dict[DataPath, Any] | None = None
    """Path into the data -> value; assigned in this order."""
    actions: list[ActionNode] = Field(default_factory=list)
    """Run after `set`, before `emit` and `raise`."""
    emit: Code | None = None
    """Domain event for webhooks and other systems, without data of its own."""
    raise_: Code | None = Field(default=None, alias="raise")
    """Internal event, taken inside this step."""


class TransitionNode(Outcome):
    """One alternative under a transition code."""

    title: str | None = None
    """What the button says; left out: the code in words."""
    by: list[Who] | None = None
    """Who may; left out: as the alternative before, else the candidates of the task of the state."""
    not_by: list[Apart] | None = None
    """Who may not, whatever `by` says: whoever is or did one of these, himself or through a delegate; left out: as the
    alternative before."""
    sign: SignNode | None = None
    """Electronic signature that it needs; not handed on to the next alternative."""
    form: SchemaRef | None = None
    """JSON Schema of the payload; left out: as the alternative before, else the form of the task."""
    require: list[Identifier] = Field(default_factory=list)
    """Fields that the payload must carry, not empty."""
    keep: list[Identifier] = Field(default_factory=list)
    """Fields of the payload that are copied into the data under the same name when present."""
    otherwise: ErrorCode | None = Field(default=None, alias="else")
    """On the last alternative: the error code when no guard holds."""


class TimerNode(Outcome):
    """Starts when the state is entered, is cancelled when it is left."""

    what: ClassVar[str] = "an `after`"
    in_: DurationText | None = Field(default=None, alias="in")
    """Since the state was entered."""
    at: Expression | None = None
    """CEL that gives an RFC 3339 date-time with a zone; one that is past means at once."""
    pause_in: Annotated[list[Target], *ONE_OR_MORE] = Field(default_factory=list)
    """States in which the clock of `in` stands still."""


class LadderStep(Node):
    what: ClassVar[str] = "a step of `escalate`"
    at: str
    """Percent of `due`, e.g. `75%`, or a duration since the task was opened."""
    notify: Annotated[list[str], *ONE_OR_MORE] | None = None
    """Who gets an e-mail about the task; as in the action `notify`."""
    assign: str | None = None
    """`role:NAME` or `user:NAME`, or CEL that gives one."""
    set: dict[DataPath, Any] | None = None
    """Path into the data -> value."""
    actions: list[ActionNode] = Field(default_factory=list)
    emit: Code | None = None
    """Domain event for webhooks and other systems."""
    raise_: Code | None = Field(default=None, alias="raise")
    """Internal event, taken inside this step."""


class ReminderNode(Node):
    what: ClassVar[str] = "a `remind`"
    every: DurationText
    """Again and again, as long as the task is open."""
    notify: Annotated[list[str], *ONE_OR_MORE]
    """Who gets an e-mail about the task; as in the action `notify`."""


class TaskNode(Node):
    what: ClassVar[str] = "a task"
    title: Template
    candidates: list[Candidate]
    """Who may do it."""
    assignee: Expression | None = None
    """CEL: the user name it is given to at once; null or "" for nobody yet."""
    form: SchemaRef | None = None
    """JSON Schema of what people fill in; holds for every transition of the state without its own form."""
    due: DurationText | None = None
    """Since the task was opened."""
    escalate: list[LadderStep] = Field(default_factory=list)
    """What happens on the way to the due time and after it."""
    remind: Annotated[list[ReminderNode], *ONE_OR_MORE] = Field(default_factory=list)
    """Who is told again and again that it is open."""
    pause_in: Annotated[list[Target], *ONE_OR_MORE] = Field(default_factory=list)
    """States in which the clock of `due`, `escalate` and `remind` stands still."""
    priority: int = Field(default=3, ge=1, le=5)
    """1 is the most urgent."""
    not_by: list[Apart] = Field(default_factory=list)
    """Who may not claim and not complete it: whoever is or did one of these, himself or through a delegate."""
    skills: Annotated[list[Name], *ONE_OR_MORE] = Field(default_factory=list)
    """Certificates that whoever does it must hold, valid when claiming and when completing."""
    quorum: QuorumNode | None = None
    """Several people decide: transitions of the state are their votes."""
    reassign_by: Annotated[list[Candidate], *ONE_OR_MORE] = Field(default_factory=list)
    """Who may release it and give it to others, besides the one who has it; left out: the plant manager."""


class ChildNode(Node):
    what: ClassVar[str] = "a `child`"
    start: Name
    """Process of the child instance; the state waits for it, and cancels it when it is left before."""
    with_: Values = Field(default_factory=dict, alias="with")


class EachNode(Node):
    what: ClassVar[str] = "an `each`"
    of: Expression
    """CEL list; one child instance for every item."""
    as_: Identifier = Field(default="item", alias="as")
    """Name of the item in `with`."""
    start: Name
    """Process of the child instances."""
    with_: Values = Field(default_factory=dict, alias="with")
    """Their start data."""
    sequential: bool = False
    """One after another in the order of the list; left out: all at once."""
    until: Expression | None = None
    """Completion condition over `children`, looked at whenever a child ends; the rest is cancelled."""


class StateNode(Node):
    what: ClassVar[str] = "a state"
    id: StateId | None = None
    """Only where the id must be other than the name, as after an import; left out: the name, or the dotted path."""
    title: str | None = None
    description: str | None = None
    category: Literal["waiting", "active", "success", "failure", "cancelled"] | None = Field(
        default=None, alias="class"
    )
    """For display; left out: waiting with a task, success when final, else active."""
    initial: Targets | None = None
    """Of a compound state; left out: its first state."""
    parallel: Literal[True] | None = None
    """All states inside are active together, each a region."""
    final: Literal[True] | None = None
    """The end of the process, or of the state around it."""
    history: Literal["shallow", "deep"] | None = None
    """Stands for what was active in the state around it when that was left: its child, or everything inside."""
    to: Targets | None = None
    """History only: where to go when there is nothing to restore."""
    result: Values | None = None
    """Final only: data handed to `done`, or to the parent process."""
    emit: Code | None = None
    """Final only: domain event on entry."""
    entry: list[ActionNode] = Field(default_factory=list)
    """Run whenever the state is entered."""
    exit: list[ActionNode] = Field(default_factory=list)
    """Run whenever the state is left."""
    task: TaskNode | None = None
    """Human work, open while the state is active."""
    child: ChildNode | None = None
    """One child instance, running while the state is active."""
    each: EachNode | None = None
    """A child instance for every item of a list."""
    transitions: dict[Code, Annotated[list[TransitionNode], *ONE_OR_MORE]] = Field(default_factory=dict)
    """Transition code -> what it does, or a list of guarded alternatives."""
    always: Annotated[list[Outcome], *ONE_OR_MORE] = Field(default_factory=list)
    """Eventless transitions, tried whenever the state is active and something changed."""
    after: Annotated[list[TimerNode], *ONE_OR_MORE] = Field(default_factory=list)
    """Timers: started when the state is entered, cancelled when it is left."""
    done: Annotated[list[Outcome], *ONE_OR_MORE] | None = None
    """Taken when a final state inside is reached, all regions are done, or all children have ended."""
    failed: Annotated[list[Outcome], *ONE_OR_MORE] | None = None
    """Taken when a child instance failed; left out: an incident."""
    states: dict[Name, StateNode] = Field(default_factory=dict)
    """States inside: one of them active, or all of them when parallel."""


for _model in (_actions.DoAction, _actions.IfAction, _actions.ForEachAction):
    _model.model_rebuild(_types_namespace={**vars(_actions), "Outcome": Outcome})
for _later in (Outcome, TransitionNode, TimerNode, LadderStep, StateNode):
    _later.model_rebuild(force=True)
