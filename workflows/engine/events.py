"""What goes into a step and what comes out of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from workflows.domain.errors import InstanceEnded, InvalidInput, NotAllowed, RuleRefused, UnknownTransition
from workflows.engine.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody the actor may act for at present, by delegation or as a substitute.

    One level only: whom a principal may act for is never looked at, so delegations cannot run in a circle.
    """

    username: str
    name: str
    roles: tuple[str, ...] = ()
    """Those that are handed over."""
    groups: tuple[str, ...] = ()
    process: str | None = None
    """The only process it holds for; None: all."""
    until: str | None = None
    """RFC 3339; from then on it holds no more."""
    in_person: bool = True
    """Also as assignee, creator and `user:NAME`; False when only roles are handed over."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"roles": list(self.roles), "groups": list(self.groups)}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Principal:
        return cls(**{**raw, "roles": tuple(raw.get("roles", ())), "groups": tuple(raw.get("groups", ()))})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `SYSTEM` stands for timers, effects and other instances."""

    id: int | None
    username: str
    name: str
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    kind: str = "user"
    """user, api_key, system."""
    acts_for: tuple[Principal, ...] = ()
    """One level: whom a principal acts for does not matter."""
    skills: dict[str, str | None] = field(default_factory=dict)
    """Certificates of the actor's own: skill -> valid until, RFC 3339; None: for good."""
    owner: str | None = None
    """User name of who answers for an API key."""

    def to_json(self) -> dict[str, Any]:
        raw: dict[str, Any] = {
            "id": self.id,
            "username": self.username,
            "name": self.name,
            "roles": list(self.roles),
            "groups": list(self.groups),
            "kind": self.kind,
        }
        if self.acts_for:
            raw["acts_for"] = [principal.to_json() for principal in self.acts_for]
        if self.skills:
            raw["skills"] = dict(self.skills)
        if self.owner is not None:
            raw["owner"] = self.owner
        return raw

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Actor:
        return cls(
            raw["id"],
            raw["username"],
            raw["name"],
            tuple(raw.get("roles", ())),
            tuple(raw.get("groups", ())),
            raw.get("kind", "user"),
            tuple(Principal.from_json(each) for each in raw.get("acts_for", ())),
            dict(raw.get("skills", {})),
            raw.get("owner"),
        )


SYSTEM = Actor(None, "system", "System", kind="system")


@dataclass(frozen=True, slots=True)
class Event:
    """One external event. `at` is the time of the step; the engine has no other clock."""

    name: str
    """Transition code, or `after.…`, `done.do.…`, `error.do.…`, `child.done`, `child.failed`, or a message name."""
    data: dict[str, Any] = field(default_factory=dict)
    at: str = "1970-01-01T00:00:00Z"
    """RFC 3339, UTC."""
    actor: Actor = SYSTEM
    facts: dict[str, Any] = field(default_factory=dict)
    """Resolved facts, name -> value, for the facts the step may read."""
    ref: str | None = None
    """Timer id, effect id or child id that the event reports on; the engine forgets it from the snapshot.
    A ref that the snapshot does not know is a late report: nothing is taken."""
    claim: bool = False
    """Claim the task first, in the same step."""
    signature: dict[str, Any] | None = None
    """Verified electronic signature of the actor: {"meaning", "username", "printed_name", "at", "content_hash", …}."""

    def to_json(self) -> dict[str, Any]:
        """`claim` and `signature` are left out where there is none."""
        plain: dict[str, Any] = {
            "name": self.name,
            "data": self.data,
            "at": self.at,
            "actor": self.actor.to_json(),
            "facts": self.facts,
            "ref": self.ref,
        }
        if self.claim:
            plain["claim"] = True
        return plain | ({"signature": self.signature} if self.signature is not None else {})

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Event:
        return cls(
            raw["name"],
            raw.get("data", {}),
            raw.get("at", "1970-01-01T00:00:00Z"),
            Actor.from_json(raw["actor"]) if raw.get("actor") else SYSTEM,
            raw.get("facts", {}),
            raw.get("ref"),
            raw.get("claim", False),
            raw.get("signature"),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one step: everything, or (by an exception) nothing."""

    snapshot: Snapshot
    effects: list[dict[str, Any]]
    """In document order. Each has "kind" and what `workflows/engine/README.md` lists for it."""
    taken: list[str]
    """Ids of the transitions taken, in order; empty: the event was discarded."""
    entered: list[str] = field(default_factory=list)
    exited: list[str] = field(default_factory=list)
    on_behalf_of: dict[str, str] | None = None
    """{"username", "name"} of the one the actor stood in for; None: the actor acted by rights of his own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an actor may take a transition now. `status` as in the error tree: 409, 403, 400, 422."""

    code: str
    title: str
    allowed: bool
    status: int = 200
    error: str | None = None
    """Stable error code."""
    reason: str | None = None
    """For people: who may, what is missing."""
    require: tuple[str, ...] = ()
    form: dict[str, Any] | None = None
    violations: list[dict[str, Any]] = field(default_factory=list)
    """With status 400: {"field", "value", "constraint"} for each."""
    details: dict[str, Any] = field(default_factory=dict)
    """What programs want to know about a refusal."""
    sign: dict[str, str] | None = None
    """{"meaning", "level"} of the electronic signature that the transition asks for."""

    def demand(self) -> None:
        """Returns when allowed.

        Raises:
            JidokaError: the class that the status stands for, with this verdict's code and reason.
        """
        if self.allowed:
            return
        reason = self.reason or self.title
        match self.status:
            case 400:
                raise InvalidInput(reason, violations=self.violations)
            case 403:
                raise NotAllowed(reason, code=self.error, details=self.details)
            case 409 if self.error == "INSTANCE_ENDED":
                raise InstanceEnded(reason)
            case 409:
                raise UnknownTransition(reason, code=self.error, details=self.details)
        raise RuleRefused(reason, code=self.error)
