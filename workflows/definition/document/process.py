"""The whole file: process, data, facts, states, scenarios."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from workflows.definition.document.base import (
    ONE_OR_MORE,
    Code,
    Identifier,
    Name,
    Node,
    Pattern,
    SchemaRef,
    Target,
    Values,
    Who,
)
from workflows.definition.document.scenarios import Scenario
from workflows.definition.document.states import StateNode, TransitionNode
from workflows.definition.tables.document import TableReference

Version = Annotated[str, Pattern(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?", 'a version such as "1.0.0"')]


class FactNode(Node):
    what: ClassVar[str] = "a fact"
    call: Code
    """Registered look-up."""
    with_: Values = Field(default_factory=dict, alias="with")


class StartRule(Node):
    what: ClassVar[str] = "the `start` of a process"
    by: list[Who] = Field(default_factory=list)
    """Who may start an instance; left out: only the system, e.g. a parent process."""
    form: SchemaRef | None = None
    """JSON Schema of the start data; left out: the data schema."""
    require: list[Identifier] = Field(default_factory=list)
    """Fields that the start data must carry, not empty."""


class ProcessDocument(Node):
    """A definition as written: the typed mirror of its YAML."""

    what: ClassVar[str] = "a definition"
    process: Name
    """Name of the process; the same in every version."""
    version: Version
    """Semantic version, in quotes."""
    title: str
    description: str | None = None
    number: str | None = None
    """Pattern of business numbers, e.g. `NCR-{yyyy}-{seq:3}`; left out: the entity id."""
    start: StartRule = Field(default_factory=lambda: StartRule.model_validate({}))
    data: SchemaRef = Field(default_factory=dict)
    """JSON Schema 2020-12 of the instance data."""
    defaults: Values = Field(default_factory=dict)
    """Name -> value set before the start data are laid over."""
    facts: dict[Identifier, FactNode] = Field(default_factory=dict)
    """Read-only look-ups that guards may use as `facts.NAME`."""
    tables: dict[Identifier, TableReference] = Field(default_factory=dict)
    """Decision tables, inline or as a path beside the file; `decide` and `tables.NAME` use them."""
    calendar: Name | None = None
    """Working calendar `calendars/NAME.yaml` that working time is counted on."""
    initial: Annotated[list[Target], *ONE_OR_MORE] | None = None
    """Left out: the first state."""
    states: Annotated[dict[Name, StateNode], Field(min_length=1)]
    transitions: dict[Code, Annotated[list[TransitionNode], *ONE_OR_MORE]] = Field(default_factory=dict)
    """Possible in every state that is not final, unless the state takes the code itself."""
    scenarios: list[Scenario] = Field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As written, without what was left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
