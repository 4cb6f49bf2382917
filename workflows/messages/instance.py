"""Models of one instance's life: how it is started, commanded, committed and answered.

Dataclasses with defaults, so fields can be added later without breaking recorded histories.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WORKFLOW = "jidoka"
"""Workflow type of every instance."""
CORE_QUEUE = "jidoka-core"
"""Task queue of workflows, commits and facts."""
EFFECTS_QUEUE = "jidoka-effects"
"""Task queue of actions that reach out of the house; slow receivers never hold up commits."""

UPDATE_START = "start"
UPDATE_TRANSITION = "transition"
UPDATE_REPAIR = "repair"
UPDATE_CANCEL = "cancel"
UPDATE_MESSAGE = "message"
UPDATE_TASK = "task"
"""Update names. All take a Command and give an Outcome."""

ACTIVITY_COMMIT = "commit_step"
ACTIVITY_FACTS = "resolve_facts"
ACTIVITY_PERFORM = "perform"
ACTIVITY_SEND = "deliver_message"
ACTIVITY_START = "start_instance"
"""Activity names: commit_step(StepRecord) -> StepReceipt, resolve_facts(FactsCall) -> dict,
perform(EffectCall) -> dict, deliver_message(EffectCall) -> dict, start_instance(EffectCall) -> dict."""

HEARTBEAT_S = 10.0
"""An effect that has not been heard of for so long has lost its worker, and is carried out again by another one."""


def workflow_id(tenant: str, process: str, entity_id: int) -> str:
    """The one place that says how an instance is addressed in Temporal."""
    return f"{tenant}/{process}/{entity_id}"


@dataclass
class InstanceInput:
    """Input of the interpreter workflow; grows with what continue-as-new has to carry."""

    tenant: str
    process: str
    digest: str
    """The Program, by content; fixed for the run."""
    entity_id: int
    number: str
    interp: int = 1
    """Behaviour of the interpreter itself; code paths that change replay ask for it."""
    snapshot: dict[str, Any] | None = None
    """None before the first step."""
    seq: int = 0
    """Sequence number of the last committed step; 0 before the first."""
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Outcome of recent commands by command id, oldest first."""
    parent: dict[str, Any] | None = None
    """{"process", "entity_id", "child"} of the instance that waits for this one."""
    steps_per_run: int = 500
    """A run is renewed after so many steps: replay stays short, and the server's 2,000 updates a run are never met."""


@dataclass
class Command:
    """Something an actor wants of an instance."""

    id: str
    """Idempotency key, unique per instance; also the update id."""
    name: str
    """Transition code, message name, for repair: retry, skip, patch, move; of a task: claim, release, reassign."""
    actor: dict[str, Any]
    """`Actor.to_json()`, roles as of the moment of asking."""
    data: dict[str, Any] = field(default_factory=dict)
    """Payload of the event; `comment` is one of its fields. Repair: {"incident", "reason", "patch", "target"}.
    Of a task: {"task", "to", "comment"}."""
    expected_seq: int | None = None
    """When given, another sequence number is a conflict (optimistic locking)."""
    source: str = "api"
    """api, timer, effect, message, child, temporal; for the audit trail."""
    ref: str | None = None
    """Timer id or effect id that an internal command reports on."""
    claim: bool = False
    """Of a transition: claim the task first, in the same step."""
    signature: dict[str, Any] | None = None
    """Verified electronic signature of the actor, by whoever asked for his password: {"meaning", "username",
    "printed_name", "at", "method", "content_hash", …}."""


@dataclass
class Outcome:
    """What a committed command did."""

    seq: int
    previous_state: list[str]
    """Sorted ids of active atomic states before."""
    state: list[str]
    """… and after."""
    status: str
    at: str
    taken: list[str] = field(default_factory=list)
    task: dict[str, Any] | None = None
    """The open task of the new state that was opened last, if any: {"task", "assignee", "candidates", …}."""
    number: str = ""
    repeated: bool = False
    """The command had been carried out before; this is its stored outcome."""
    on_behalf_of: dict[str, str] | None = None
    """{"username", "name"} of the one the actor stood in for."""


@dataclass
class StepRecord:
    """One step on its way into SQL; one transaction."""

    tenant: str
    process: str
    digest: str
    entity_id: int
    number: str
    seq: int
    """The step's own number, first step 1. Key with the instance: a repeat must find the same command id."""
    command: dict[str, Any]
    """`Command` as a dict."""
    at: str
    before: list[str]
    """Sorted ids of active atomic states before the step."""
    snapshot: dict[str, Any]
    """After the step."""
    effects: list[dict[str, Any]]
    taken: list[str]
    previous_data: dict[str, Any] | None = None
    """Data before the step when it changed them, for the per-field audit; None: unchanged."""
    parent: dict[str, Any] | None = None
    after: list[str] = field(default_factory=list)
    """Sorted ids of active atomic states after the step."""
    on_behalf_of: dict[str, str] | None = None
    """{"username", "name"} of the one the actor stood in for; also in `command["actor"]`, which is kept for good."""


@dataclass
class StepReceipt:
    seq: int
    repeated: bool = False


@dataclass
class FactsCall:
    """`facts`: name -> {"call": registered fact, "with": evaluated arguments}."""

    tenant: str
    process: str
    entity_id: int
    facts: dict[str, dict[str, Any]]


@dataclass
class EffectCall:
    """One effect to be carried out after its commit; at least once, hence `key`."""

    tenant: str
    process: str
    entity_id: int
    number: str
    digest: str
    effect: dict[str, Any]
    key: str
    """Idempotency key `<workflow id>:<effect id>:<round>`."""
    data: dict[str, Any] = field(default_factory=dict)
    """Instance data as of the commit, for actions that document the instance."""
