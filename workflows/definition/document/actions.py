"""Actions as they are written: one kind to a mapping, told by its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from workflows.definition.document.base import (
    ONE_OR_MORE,
    Code,
    DataPath,
    DurationText,
    Expression,
    Identifier,
    Name,
    Node,
    Template,
    Values,
)

if TYPE_CHECKING:
    from workflows.definition.document.states import Outcome


class SetAction(Node):
    what: ClassVar[str] = "a `set`"
    set: dict[DataPath, Any]
    """Path into the data -> value; assigned in this order."""


class DecideAction(Node):
    what: ClassVar[str] = "a `decide`"
    decide: Identifier
    """Decision table."""
    into: DataPath | None = None
    """Path into the data that takes all outputs."""
    set: dict[DataPath, Any] | None = None
    """Path into the data -> value, which may read `decision.OUTPUT`."""


class RaiseAction(Node):
    what: ClassVar[str] = "a `raise`"
    event: Code = Field(alias="raise")
    """Internal event, taken inside this step before any other."""
    with_: Values = Field(default_factory=dict, alias="with")


class Receiver(Node):
    what: ClassVar[str] = "the receiver of a `send`"
    process: Name
    """Process of the receiving instance."""
    number: Expression
    """CEL: the business number of the receiving instance."""


class SendAction(Node):
    what: ClassVar[str] = "a `send`"
    event: Code = Field(alias="send")
    """External event: to this instance, or to another one."""
    to: Receiver | None = None
    """Left out: to this instance."""
    with_: Values = Field(default_factory=dict, alias="with")
    delay: DurationText | None = None
    """Only to this instance."""
    id: Name | None = None
    """For `cancel`."""


class CancelAction(Node):
    what: ClassVar[str] = "a `cancel`"
    cancel: Name
    """Id of a delayed `send`."""


class EmitAction(Node):
    what: ClassVar[str] = "an `emit`"
    emit: Code
    """Domain event for webhooks and other systems."""
    with_: Values = Field(default_factory=dict, alias="with")


class RetryPolicy(Node):
    what: ClassVar[str] = "a retry policy"
    first: DurationText | None = None
    """Wait before the second attempt; default PT1S."""
    factor: float | None = Field(default=None, ge=1, le=100)
    """Each wait is this many times the one before; default 2."""
    most: DurationText | None = None
    """Longest wait; default PT1H."""
    attempts: int | None = Field(default=None, ge=0, le=10_000)
    """Attempts in all; 0 means without end; default 8."""
    schedule: list[DurationText] | None = None
    """The waits one by one, in place of first, factor and most."""


class Undo(Node):
    what: ClassVar[str] = "an `undo`"
    do: Code
    with_: Values = Field(default_factory=dict, alias="with")


class DoAction(Node):
    what: ClassVar[str] = "a `do`"
    do: Code
    """Registered action."""
    id: Name | None = None
    """Name of this call in events, incidents and scenarios; left out: made of state, action and a count."""
    with_: Values = Field(default_factory=dict, alias="with")
    retry: RetryPolicy | None = None
    """How often and when a failed attempt is repeated; only for activities."""
    timeout: DurationText | None = None
    """Of one attempt."""
    undo: Undo | None = None
    """What `compensate` runs for it."""
    done: Annotated[list[Outcome], *ONE_OR_MORE] | None = None
    """Taken when the action is done; its result is `event`."""
    failed: Annotated[list[Outcome], *ONE_OR_MORE] | None = None
    """Taken when the attempts are used up; `event.error` says why. Left out: an incident."""


class NotifyAction(Node):
    what: ClassVar[str] = "a `notify`"
    notify: Annotated[list[str], *ONE_OR_MORE]
    """`role:NAME`, `user:NAME`, `group:NAME`, `assignee`, `candidates`, `creator`, or CEL that gives one."""
    subject: Template | None = None
    text: Template | None = None
    urgency: Literal["low", "normal", "critical"] | None = None
    """`low` waits for the hourly digest; `critical` is sent at once, whatever the reader chose. Left out: normal."""


class DocumentAction(Node):
    what: ClassVar[str] = "a `document`"
    document: Template
    """Title of the PDF made of this instance."""


class StartAction(Node):
    what: ClassVar[str] = "a `start`"
    start: Name
    """Process of which an independent instance is started."""
    with_: Values = Field(default_factory=dict, alias="with")
    number: Expression | None = None
    """CEL: its business number; left out: the next of its series."""
    id: Name | None = None


class CompensateAction(Node):
    what: ClassVar[str] = "a `compensate`"
    compensate: Literal[True]
    """Runs the `undo` of completed actions, last first."""


class IfAction(Node):
    what: ClassVar[str] = "an `if`"
    condition: Expression = Field(alias="if")
    """CEL that gives true or false."""
    then: list[ActionNode]
    otherwise: list[ActionNode] = Field(default_factory=list, alias="else")


class ForEachAction(Node):
    what: ClassVar[str] = "a `for_each`"
    for_each: Expression
    """CEL list."""
    as_: Identifier = Field(default="item", alias="as")
    """Name of the item."""
    index: Identifier | None = None
    """Name of the position, from 0."""
    actions: list[ActionNode]


class LogAction(Node):
    what: ClassVar[str] = "a `log`"
    log: str
    """Label."""
    value: Any = None
    """What is logged beside the label."""


class AssignAction(Node):
    what: ClassVar[str] = "an `assign`"
    assign: str
    """`user:NAME`, `role:NAME`, or CEL that gives one or the name of a user."""
    task_of: str | None = None
    """State whose task is meant; left out: the state in which this stands."""


KINDS: dict[str, type[Node]] = {
    "set": SetAction,
    "decide": DecideAction,
    "raise": RaiseAction,
    "send": SendAction,
    "cancel": CancelAction,
    "emit": EmitAction,
    "do": DoAction,
    "notify": NotifyAction,
    "document": DocumentAction,
    "start": StartAction,
    "compensate": CompensateAction,
    "if": IfAction,
    "for_each": ForEachAction,
    "log": LogAction,
    "assign": AssignAction,
}
"""The key that tells the kind -> its model."""


def kind_of(raw: Any) -> str | None:
    """The tag of the union: the first key that names a kind, in angle brackets so that it is never a key."""
    if isinstance(raw, dict):
        return next((f"<{key}>" for key in raw if key in KINDS), None)
    return next((f"<{key}>" for key, model in KINDS.items() if type(raw) is model), None)


ActionNode = Annotated[
    Annotated[SetAction, Tag("<set>")]
    | Annotated[DecideAction, Tag("<decide>")]
    | Annotated[RaiseAction, Tag("<raise>")]
    | Annotated[SendAction, Tag("<send>")]
    | Annotated[CancelAction, Tag("<cancel>")]
    | Annotated[EmitAction, Tag("<emit>")]
    | Annotated[DoAction, Tag("<do>")]
    | Annotated[NotifyAction, Tag("<notify>")]
    | Annotated[DocumentAction, Tag("<document>")]
    | Annotated[StartAction, Tag("<start>")]
    | Annotated[CompensateAction, Tag("<compensate>")]
    | Annotated[IfAction, Tag("<if>")]
    | Annotated[ForEachAction, Tag("<for_each>")]
    | Annotated[LogAction, Tag("<log>")]
    | Annotated[AssignAction, Tag("<assign>")],
    Discriminator(
        kind_of,
        custom_error_type="not_an_action",
        custom_error_message="an action is a mapping with one of the keys " + ", ".join(KINDS),
    ),
]
