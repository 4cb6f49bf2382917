"""The Program: a process definition in its compiled, frozen, canonical form.

The compiler makes it, the engine runs it, the store keeps it by digest. Plain data: `to_json` is canonical, so
the digest of equal programs is equal on every machine. Knows nothing of YAML and positions.
"""

from __future__ import annotations

import hashlib
import json
import operator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from workflows.definition.tables.form import Table

FORMAT = 1
"""Version of this form itself; raised when a field changes its meaning."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


# --- values -------------------------------------------------------------------------------------------------


class Const(_Frozen):
    """A literal JSON value."""

    kind: Literal["const"] = "const"
    value: Any = None


class Cel(_Frozen):
    """A CEL expression."""

    kind: Literal["cel"] = "cel"
    source: str


class Text(_Frozen):
    """Text with `{expression}` holes; odd elements of `parts` are CEL, even ones literal text."""

    kind: Literal["text"] = "text"
    parts: tuple[str, ...]


class Record(_Frozen):
    kind: Literal["record"] = "record"
    fields: dict[str, Value]


class Items(_Frozen):
    kind: Literal["items"] = "items"
    items: tuple[Value, ...]


Value = Annotated[Const | Cel | Text | Record | Items, Field(discriminator="kind")]


# --- actions ------------------------------------------------------------------------------------------------


class Retry(_Frozen):
    """Waits before attempt n + 1: min(first × factor^(n-1), most), or `schedule[n-1]` where a schedule is given."""

    first_s: float = 1.0
    factor: float = 2.0
    most_s: float = 3600.0
    attempts: int = 8
    """Attempts in all; 0 means without end."""
    schedule_s: tuple[float, ...] = ()


class Compensation(_Frozen):
    """Evaluated when the action has succeeded; `event` is its result then."""

    action: str
    with_: dict[str, Value] = Field(default_factory=dict, validation_alias="with", serialization_alias="with")
    mode: Literal["sql", "activity"] = "activity"


class Set(_Frozen):
    """Assigns in order; keys are dotted paths into data, e.g. `assignee` or `containment.tag`."""

    kind: Literal["set"] = "set"
    values: dict[str, Value]


class Raise(_Frozen):
    """An internal event: taken before any external one, inside the same step."""

    kind: Literal["raise"] = "raise"
    event: str
    data: dict[str, Value] = Field(default_factory=dict)
    content: Value | None = None
    """The whole payload instead of `data`; imported statecharts may send a plain text."""


class Send(_Frozen):
    """An external event: to this instance, or to another one by process and number."""

    kind: Literal["send"] = "send"
    event: str
    data: dict[str, Value] = Field(default_factory=dict)
    process: str | None = None
    number: Value | None = None
    delay: Value | None = None
    """ISO 8601 duration (a string when evaluated); only for sends to this instance."""
    id: str | None = None
    content: Value | None = None
    """The whole payload instead of `data`; imported statecharts may send a plain text."""


class Cancel(_Frozen):
    """Drops a delayed send by its id."""

    kind: Literal["cancel"] = "cancel"
    id: str


class Emit(_Frozen):
    """A domain event for the outbox: webhooks, ERP."""

    kind: Literal["emit"] = "emit"
    event: str
    data: dict[str, Value] = Field(default_factory=dict)


class Do(_Frozen):
    """A registered action. `sql` runs inside the step's transaction and may refuse the step;
    `activity` runs after the commit and reports back as `done.do.<id>` or `error.do.<id>`."""

    kind: Literal["do"] = "do"
    id: str
    action: str
    mode: Literal["sql", "activity"]
    with_: dict[str, Value] = Field(default_factory=dict, validation_alias="with", serialization_alias="with")
    retry: Retry | None = None
    timeout_s: float | None = None
    compensate: Compensation | None = None
    handles_failure: bool = False
    """The definition has a `failed` transition for it: exhausted retries are an event, not an incident."""


class Start(_Frozen):
    """Starts an independent instance of another process."""

    kind: Literal["start"] = "start"
    id: str
    process: str
    data: dict[str, Value] = Field(default_factory=dict)
    number: Value | None = None


class Compensate(_Frozen):
    """Runs the compensations of completed actions, last first."""

    kind: Literal["compensate"] = "compensate"


class Branch(_Frozen):
    when: str
    actions: tuple[Action, ...]


class If(_Frozen):
    kind: Literal["if"] = "if"
    branches: tuple[Branch, ...]
    otherwise: tuple[Action, ...] = ()


class ForEach(_Frozen):
    kind: Literal["for_each"] = "for_each"
    of: str
    item: str
    index: str | None = None
    actions: tuple[Action, ...]


class Log(_Frozen):
    kind: Literal["log"] = "log"
    label: str | None = None
    value: Value | None = None


class Assign(_Frozen):
    """Assigns the open task of a state: `to` evaluates to "user:NAME" or "role:NAME"."""

    kind: Literal["assign"] = "assign"
    state: str
    to: Value


Action = Annotated[
    Set | Raise | Send | Cancel | Emit | Do | Start | Compensate | If | ForEach | Log | Assign,
    Field(discriminator="kind"),
]


# --- states -------------------------------------------------------------------------------------------------


class Sign(_Frozen):
    """The electronic signature that a transition asks for."""

    meaning: Literal["authored", "reviewed", "approved", "verified", "released", "rejected"]
    level: Literal["S2", "S3"] = "S2"
    """S3: two people sign, neither of them the creator; the transition is taken with the second."""


class Veto(_Frozen):
    by: tuple[str, ...]
    """`role:x`, `group:x` or `user:x`."""
    code: str
    """The vote that decides at once when one of them casts it."""


class Quorum(_Frozen):
    """The transitions `codes` are votes; the one that wins is taken."""

    codes: dict[str, int]
    """Transition code -> votes it needs."""
    of: int
    """How many people vote, each once."""
    required: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Transition code -> of each of these words somebody must have voted for it."""
    veto: Veto | None = None
    otherwise: str
    """Taken when no code can win any more."""


class Transition(_Frozen):
    """One alternative; transitions of a state stand in document order and the first that holds is taken."""

    id: str
    """`<state id>/<position>`; stable within one digest."""
    code: str | None = None
    """What people, REST, permissions, audit and metrics call it; None where only the engine takes it."""
    events: tuple[str, ...] = ()
    """Event descriptors (dot-separated prefixes, `*`); empty means eventless."""
    when: str | None = None
    targets: tuple[str, ...] = ()
    """State ids; empty means targetless: nothing is exited or entered."""
    internal: bool = False
    actions: tuple[Action, ...] = ()
    by: tuple[str, ...] = ()
    """Who may: `role:x`, `user:x`, `assignee`, `candidates`, `creator`, `system`, `anyone`. Empty: only `system`."""
    title: str | None = None
    require: tuple[str, ...] = ()
    """Names that the payload must carry, non-empty."""
    form: dict[str, Any] | None = None
    """JSON Schema of the payload."""
    refusal: str | None = None
    """Error code (`else`) when this is the last alternative and its guard does not hold."""
    not_by: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """Not by whoever is or did one of these: `creator`, `assignee`, `<state id>/<code>`, `*/<code>`."""
    sign: Sign | None = Field(default=None, exclude_if=operator.not_)


class Timer(_Frozen):
    """Started on entry, cancelled on exit; fires `event`. Exactly one of `after` and `at`."""

    id: str
    event: str
    after: Value | None = None
    """ISO 8601 duration or working time, a string when evaluated."""
    at: Value | None = None
    """RFC 3339 date-time with a zone, a string when evaluated; past means at once."""
    percent: int | None = Field(default=None, exclude_if=operator.not_)
    """Fires when so much of `after` has passed."""
    every: bool = Field(default=False, exclude_if=operator.not_)
    """Starts again whenever it has fired, as long as its state is active."""
    pause_in: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """States in which its clock stands still."""


class Task(_Frozen):
    """Human work, open while its state is active."""

    title: Text
    candidates: tuple[str, ...]
    """`role:x`, `group:x` or `user:x`."""
    assignee: Value | None = None
    """Evaluates to a user name, or to null or "" for nobody yet."""
    form: dict[str, Any] | None = None
    due: Value | None = None
    """ISO 8601 duration or working time from the opening, a string when evaluated."""
    priority: int = 3
    """1 is the most urgent."""
    not_by: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """Who may not claim it; same words as `Transition.not_by`."""
    skills: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """Certificates that whoever does it must hold, when claiming and when completing."""
    reassign_by: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """Who may give it to others, besides its assignee."""
    quorum: Quorum | None = Field(default=None, exclude_if=operator.not_)
    pause_in: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """States in which the clock of `due` stands still."""


class Invoke(_Frozen):
    """Child instances owned by a state: one, or one for every item of a list.

    All ended (or `until` holds): internal event `done.invoke.<state>`. One failed: `error.invoke.<state>`.
    Exit of the state cancels those still running.
    """

    process: str
    of: str | None = None
    """CEL list; None means a single child."""
    item: str = "item"
    with_: dict[str, Value] = Field(default_factory=dict, validation_alias="with", serialization_alias="with")
    sequential: bool = False
    until: str | None = None
    """CEL completion condition, checked whenever a child ends; reads `children`."""
    handles_failure: bool = False


class State(_Frozen):
    id: str
    """Unique in the process: the name, or the dotted path where the name occurs more than once."""
    kind: Literal["atomic", "compound", "parallel", "final", "history"]
    deep: bool = False
    """Only for history."""
    title: str | None = None
    category: Literal["waiting", "active", "success", "failure", "cancelled"] = "active"
    initial: Transition | None = None
    """Compound: the initial transition; history: the default transition."""
    entry: tuple[tuple[Action, ...], ...] = ()
    """Blocks in document order. An error inside a block ends only that block."""
    exit: tuple[tuple[Action, ...], ...] = ()
    transitions: tuple[Transition, ...] = ()
    timers: tuple[Timer, ...] = ()
    task: Task | None = None
    invoke: Invoke | None = None
    result: dict[str, Value] | None = None
    """Final states: data of the done event, or the outcome data of the whole instance."""
    content: Value | None = None
    """The whole payload of the done event instead of `result`; imported statecharts may give a plain text."""
    children: tuple[State, ...] = ()


class Fact(_Frozen):
    """A registered read-only look-up, resolved when a transition that reads it is tried."""

    call: str
    with_: dict[str, Value] = Field(default_factory=dict, validation_alias="with", serialization_alias="with")


class Program(_Frozen):
    """One process definition, compiled; equal programs have equal digests."""

    format: int = FORMAT
    process: str
    version: str
    title: str
    number: str | None = None
    """Number pattern, e.g. `NCR-{yyyy}-{seq:3}`; None: the entity id is the number."""
    start_by: tuple[str, ...] = ()
    """Who may start an instance; same words as `Transition.by`."""
    start_form: dict[str, Any] | None = None
    """JSON Schema of the start data; None: the data schema alone."""
    start_require: tuple[str, ...] = ()
    """Names that the start data must carry, non-empty."""
    data_schema: dict[str, Any] = Field(default_factory=dict)
    """JSON Schema 2020-12 of the instance data, references resolved."""
    data: dict[str, Value] = Field(default_factory=dict)
    """Initial values, set before the start data are laid over them."""
    facts: dict[str, Fact] = Field(default_factory=dict)
    tables: dict[str, Table] = Field(default_factory=dict, exclude_if=operator.not_)
    """Decision tables. Left out of the canonical form while there are none: older programs keep their digests."""
    initial: Transition
    states: tuple[State, ...]
    script: tuple[Action, ...] = ()
    """Actions run once before the initial states are entered (imported `<script>`s)."""
    max_microsteps: int = 1000
    calendar: dict[str, Any] = Field(default_factory=dict, exclude_if=operator.not_)
    """Frozen working calendar that working time is counted on, as `calendar_from_json` reads it."""

    def canonical(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, UTF-8."""
        plain = self.model_dump(mode="json", by_alias=True)
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, 64 hexadecimal characters."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @classmethod
    def from_canonical(cls, raw: bytes | str) -> Program:
        return cls.model_validate_json(raw)
