"""W3C SCXML to a Program. Structure only; executable content is in `scxml_content`, expressions in `scxml_dialects`.

What has no counterpart is refused with its line, never dropped. State ids are kept as they are. The result can
be run and exported; publishing asks for more (permissions, a data schema), which SCXML does not say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from workflows.definition.exchange import scxml_extension as extension
from workflows.definition.exchange.markup import Element, invalid, parse
from workflows.definition.exchange.scxml_content import Content
from workflows.definition.exchange.scxml_dialects import Dialect, dialect_of
from workflows.definition.exchange.scxml_parts import is_timer, program_parts, state_parts, transition_parts
from workflows.definition.program import Action, Program, State, Transition, Value

SCXML = "http://www.w3.org/2005/07/scxml"
_ID = re.compile(r"[^\s,]+")
_KINDS = ("state", "parallel", "final", "history")


def import_scxml(
    text: str | bytes,
    *,
    process: str | None = None,
    expressions: str | None = None,
    read_file: Callable[[str], str] | None = None,
) -> Program:
    """The Program of an SCXML document.

    Args:
        text: the document.
        process: its name; None: the document's `name`, else "imported".
        expressions: `ecmascript` or `cel`; None: as the document's `datamodel` says, else `ecmascript`.
        read_file: text of a script or of data by its path relative to the document, raising OSError or
            ValueError; None refuses `src`. Addresses with a scheme and absolute paths never reach it.

    Raises:
        InvalidInput: not SCXML, or with something that is not convertible; names the line.
    """
    root = parse(text)
    if root.tag != "scxml" or root.namespace not in (SCXML, ""):
        raise invalid("the root element is not <scxml>", root.line)
    name = process or re.sub(r"[^\w.-]", "_", root.get("name") or "") or "imported"
    return _Importer(root, dialect_of(root, expressions, read_file)).program(name)


class _Importer:
    """One document on its way to a Program."""

    def __init__(self, root: Element, dialect: Dialect) -> None:
        self._root = root
        self._dialect = dialect
        self._content = Content(dialect)
        self._ids = _given_ids(root)
        self._is_own = any(extension.is_own(child) for child in root.all("process"))
        self._generated = 0
        self._named: dict[int, str] = {}

    def program(self, process: str) -> Program:
        root = self._root
        _refuse_unknown(root, *_KINDS, "datamodel", "script", "transition")
        data = dict(self._data(root))
        script = tuple(self._scripts(root))
        states = tuple(self._with_common(self._state(child)) for child in root.all("state", "parallel", "final"))
        if not states:
            raise invalid("a statechart needs a state", root.line)
        initial = Transition(id="initial", targets=self._initial_ids(root) or (states[0].id,))
        plain = {"version": "1.0.0", "title": root.get("name") or process, "script": script}
        own = program_parts(root, self._content) or {}
        return Program(process=process, data=data, initial=initial, states=states, **(plain | own))

    def _with_common(self, state: State) -> State:
        """Transitions of the whole chart, which some readers allow, come after a top-level state's own."""
        if state.kind == "final":
            return state
        own = len(state.transitions)
        common = tuple(
            self._transition(child, f"{state.id}/{own + position}").model_copy(update={"internal": False})
            for position, child in enumerate(self._root.all("transition"))
        )
        return state.model_copy(update={"transitions": (*state.transitions, *common)}) if common else state

    def _scripts(self, root: Element) -> Iterator[Action]:
        for script in root.all("script"):
            if not extension.is_own(script):
                yield from self._content.actions([script])

    def _data(self, element: Element) -> Iterator[tuple[str, Value]]:
        """All data of the document, bound before the start, in document order."""
        for child in element.children:
            if child.tag == "datamodel" and element is not self._root and self._root.get("binding") == "late":
                raise invalid("late binding is not convertible: data of a state exist from the start", child.line)
            if child.tag == "data" and element.tag == "datamodel":
                yield self._dialect.name(child, "id"), extension.typed(child) or self._dialect.data(child)
            elif child.tag in ("datamodel", *_KINDS):
                yield from self._data(child)

    # --- states ----------------------------------------------------------------------------------------------

    def _id(self, element: Element) -> str:
        given = element.get("id")
        if given is not None:
            if not _ID.fullmatch(given):
                raise invalid(f"{given!r} cannot be a state id", element.line)
            return given
        if id(element) not in self._named:
            self._named[id(element)] = self._new_id(element.tag)
        return self._named[id(element)]

    def _new_id(self, tag: str) -> str:
        while True:
            self._generated += 1
            name = f"{tag}_{self._generated}"
            if name not in self._ids:
                return name

    def _state(self, element: Element) -> State:
        if element.tag == "history":
            return self._history(element)
        _refuse_unknown(
            element, *_KINDS, "onentry", "onexit", "transition", "initial", "datamodel", "donedata", "invoke"
        )
        name = self._id(element)
        children = tuple(self._state(child) for child in element.all(*_KINDS))
        kind = self._kind(element)
        state = State(
            id=name,
            kind=kind,
            initial=self._initial(element, name) if kind == "compound" else None,
            entry=self._blocks(element, "onentry"),
            exit=self._blocks(element, "onexit"),
            transitions=tuple(
                self._transition(child, f"{name}/{position}")
                for position, child in enumerate(element.all("transition"))
            ),
            result=self._result(element),
            content=self._whole_result(element),
            children=children,
            **state_parts(element, self._content),
        )
        return extension.completed(state, element)

    def _blocks(self, element: Element, tag: str) -> tuple[tuple[Action, ...], ...]:
        blocks = (block for block in element.all(tag) if not is_timer(block))
        return tuple(self._content.actions(block.children) for block in blocks)

    def _kind(self, element: Element) -> Literal["parallel", "final", "compound", "atomic"]:
        if element.tag == "parallel":
            return "parallel"
        if element.tag == "final":
            return "final"
        return "compound" if any(element.all("state", "parallel", "final")) else "atomic"

    def _history(self, element: Element) -> State:
        name = self._id(element)
        depth = element.get("type") or "shallow"
        if depth not in ("shallow", "deep"):
            raise invalid(f"a history is shallow or deep, not {depth!r}", element.line)
        defaults = list(element.all("transition"))
        if len(defaults) != 1:
            raise invalid(f"history {name!r} needs one transition: its default", element.line)
        return State(
            id=name, kind="history", deep=depth == "deep", initial=self._transition(defaults[0], f"{name}/default")
        )

    def _initial(self, element: Element, name: str) -> Transition:
        named = self._initial_ids(element)
        if named:
            return Transition(id=f"{name}/initial", targets=named)
        for initial in element.all("initial"):
            for transition in initial.all("transition"):
                return self._transition(transition, f"{name}/initial")
            raise invalid("<initial> needs a transition", initial.line)
        first = next(iter(element.all("state", "parallel", "final")))
        return Transition(id=f"{name}/initial", targets=(self._id(first),))

    def _initial_ids(self, element: Element) -> tuple[str, ...]:
        return self._targets(element, "initial")

    def _targets(self, element: Element, attribute: str) -> tuple[str, ...]:
        targets = tuple((element.get(attribute) or "").split())
        for target in targets:
            if target not in self._ids:
                raise invalid(f"there is no state {target!r}", element.line)
        return targets

    def _transition(self, element: Element, name: str) -> Transition:
        events = tuple((element.get("event") or "").split())
        condition = element.get("cond")
        transition = Transition(
            id=name,
            events=events,
            when=self._dialect.condition(condition, element.line) if condition is not None else None,
            targets=self._targets(element, "target"),
            internal=element.get("type") == "internal",
            actions=self._content.actions(child for child in element.children if child.tag != "form"),
            **self._marks(element, events),
        )
        return extension.completed(transition, element)

    def _marks(self, element: Element, events: tuple[str, ...]) -> dict[str, Any]:
        """Code, permissions and form. A chart that says nothing of them has its events as codes."""
        marks = transition_parts(element)
        if marks["code"] is None and not self._is_own and len(events) == 1 and "*" not in events[0]:
            marks["code"] = events[0]
        return marks

    def _result(self, element: Element) -> dict[str, Value] | None:
        for donedata in element.all("donedata"):
            return self._content.parameters(donedata)
        return None

    def _whole_result(self, element: Element) -> Value | None:
        return next((self._content.whole(donedata) for donedata in element.all("donedata")), None)


def _given_ids(root: Element) -> frozenset[str]:
    found: dict[str, int] = {}
    queue = [root]
    while queue:
        element = queue.pop()
        queue.extend(reversed(element.children))
        name = element.get("id")
        if element.tag in _KINDS and name is not None:
            if name in found:
                raise invalid(f"the state id {name!r} is used twice (also line {found[name]})", element.line)
            found[name] = element.line
    return frozenset(found)


def _refuse_unknown(element: Element, *known: str) -> None:
    """Elements of other namespaces are notes of other tools; within SCXML nothing is skipped."""
    for child in element.children:
        if child.namespace in (SCXML, "") and child.tag not in known:
            raise invalid(f"<{child.tag}> is not known inside <{element.tag}>", child.line)
