"""What people are asked for, as it is written: separation of duties, signatures, quorum."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from workflows.definition.document.base import CODE, ONE_OR_MORE, Candidate, Code, Node, Pattern

Apart = Annotated[str, Pattern(CODE, "`creator`, `assignee`, a transition code, or STATE.CODE")]
"""Who must be somebody else: whoever is or did this."""


class SignNode(Node):
    what: ClassVar[str] = "a `sign`"
    meaning: Literal["authored", "reviewed", "approved", "verified", "released", "rejected"]
    """What the signature says."""
    level: Literal["S2", "S3"] = "S2"
    """S2: one person signs. S3: two people sign the same, neither of them the creator."""


class VetoNode(Node):
    what: ClassVar[str] = "a `veto`"
    by: Annotated[list[Candidate], *ONE_OR_MORE]
    """Whose vote decides at once."""
    code: Code
    """The vote that does."""


class QuorumNode(Node):
    what: ClassVar[str] = "a `quorum`"
    codes: dict[Code, Annotated[int, Field(ge=1, le=100)]] = Field(min_length=1)
    """Transition code that is a vote -> how many votes it needs."""
    of: int = Field(ge=1, le=100)
    """How many people vote, each once."""
    required: list[Candidate] | dict[Code, list[Candidate]] = Field(default_factory=list)
    """Of each of these somebody must have voted for the code that wins; by code, or for all codes."""
    veto: VetoNode | None = None
    """Whose vote decides at once."""
    otherwise: Code
    """The transition that is taken when no code can win any more."""
