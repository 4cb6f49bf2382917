"""The names that expressions may read, with their types, and the type of every expression of the definition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workflows.definition.lower.context import Lowering, Names
from workflows.definition.program import Program
from workflows.definition.tables.typing import result_shape
from workflows.definition.typing.environment import TypeChecker, Typed
from workflows.definition.typing.messages import Messages
from workflows.definition.typing.shapes import DYN, Shape, object_of, shape_of

_TEXT, _WHOLE = Shape("string"), Shape("int")
_TEXTS = Shape("list", items=_TEXT)


class Types:
    """Asks the type checker on behalf of places in the definition."""

    def __init__(self, lowering: Lowering, program: Program) -> None:
        self._events: dict[str, Shape] = {}
        self._scopes: dict[int, tuple[Names, dict[str, Shape | Typed]]] = {}
        self._seen: dict[int, tuple[Shape, Mapping[str, Any]]] = {}
        self.data = lowering.data_shape
        self.facts = object_of({name: _fact_shape(lowering, fact.call) for name, fact in program.facts.items()})
        self._nothing = object_of({})
        lost = lowering.written_tables - program.tables.keys()
        given = {name: result_shape(table) for name, table in program.tables.items()}
        tables = object_of({**given, **dict.fromkeys(sorted(lost), DYN)})
        messages = Messages()
        fixed = {**_fixed(), "data": self.data, "facts": self.facts, "tables": tables}
        for name, shape in fixed.items():
            messages.declare(shape, name)
        messages.declare(self._nothing, "facts")
        for names in [site.names for site in lowering.sites]:
            messages.declare(self.event(names), "event")
        self._checker = TypeChecker(messages, fixed)

    def event(self, names: Names) -> Shape:
        """The payload in reach; equal schemas share one shape."""
        if names.event is None:
            return DYN
        identity = id(names.event)
        if identity not in self._seen:
            key = json.dumps(names.event, sort_keys=True)
            if key not in self._events:
                self._events[key] = shape_of(names.event)
            # Kept with its schema, or the identity could be given to another.
            self._seen[identity] = self._events[key], names.event
        return self._seen[identity][0]

    def check(self, source: str, names: Names) -> Typed:
        return self._checker.check(source, self._variables(names), bare=names.bare)

    def shape(self, source: str, names: Names) -> Shape:
        """The shape an expression gives; dyn when it has errors."""
        typed = self.check(source, names)
        return DYN if typed.complaints else self._checker.shape(typed)

    def known_names(self, names: Names) -> list[str]:
        return [*names.extra] if names.bare else [*_fixed(), "data", "facts", "tables", "now", "event", *names.extra]

    def described(self, message: str) -> tuple[str, list[str]]:
        """What the object of a message is called, and its fields."""
        return self._checker.described(message)

    def _variables(self, names: Names) -> dict[str, Shape | Typed]:
        """Worked out once for the names that many expressions share; these are kept, or their identity could change."""
        if id(names) not in self._scopes:
            self._scopes[id(names)] = names, self._bound(names)
        return self._scopes[id(names)][1]

    def _bound(self, names: Names) -> dict[str, Shape | Typed]:
        variables: dict[str, Shape | Typed] = {"event": self.event(names)}
        if not names.facts:
            variables["facts"] = self._nothing
        for name in names.extra:
            source = names.types[name]
            if source is None:
                variables[name] = _WHOLE
                continue
            item = self._checker.check(f"({source})[0]", variables)
            variables[name] = DYN if item.complaints else item
        return {name: variables[name] for name in names.extra} if names.bare else variables


def _fixed() -> dict[str, Shape]:
    """What every expression may read besides data, facts, tables, event and now; as the engine provides it."""
    optional_text = Shape("string", nullable=True)
    child = {
        "id": _TEXT,
        "state": _TEXT,
        "process": _TEXT,
        "index": _WHOLE,
        "status": _TEXT,
        "outcome": optional_text,
        "data": DYN,
    }
    actor = {
        "id": Shape("int", nullable=True),
        "username": _TEXT,
        "name": _TEXT,
        "roles": _TEXTS,
        "groups": _TEXTS,
        "kind": _TEXT,
    }
    instance = {"id": _WHOLE, "process": _TEXT, "tenant": _TEXT, "event": _TEXT}
    return {
        "number": _TEXT,
        "state": _TEXTS,
        "children": Shape("list", items=object_of(child)),
        "actor": object_of(actor),
        "instance": object_of(instance),
    }


def _fact_shape(lowering: Lowering, call: str) -> Shape:
    signature = lowering.catalogue.get(call, "fact")
    output: Mapping[str, Any] | None = signature.output if signature is not None else None
    return shape_of(output) if output else DYN
