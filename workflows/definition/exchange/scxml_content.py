"""Executable content of SCXML as actions of a Program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from workflows.definition.exchange import scxml_extension as extension
from workflows.definition.exchange.markup import Element, invalid
from workflows.definition.exchange.scxml_dialects import Dialect
from workflows.definition.program import (
    Action,
    Branch,
    Cancel,
    Cel,
    Const,
    ForEach,
    If,
    Log,
    Raise,
    Send,
    Set,
    Value,
)

_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h|d)")
_PER_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_EVENT_PROCESSORS = ("http://www.w3.org/TR/scxml/#SCXMLEventProcessor", "http://www.w3.org/TR/scxml", "scxml")
_PARTS = ("elseif", "else")


class Content:
    """Converts blocks of executable content of one document."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._generated = 0

    def actions(self, elements: Iterable[Element]) -> tuple[Action, ...]:
        """The actions of a block, in order.

        Raises:
            InvalidInput: something in it is not convertible; names the line.
        """
        return tuple(action for element in elements for action in self._completed(element))

    def _completed(self, element: Element) -> list[Action]:
        found = self._action(element)
        return [*found[:-1], extension.completed(found[-1], element)] if found else []

    def parameters(self, element: Element, namelist: str | None = None) -> dict[str, Value]:
        """`namelist` and `<param>`s as a map of values."""
        values: dict[str, Value] = {}
        for name in (namelist or "").split():
            values[name] = self._dialect.value(name, element.line)
        for param in element.all("param"):
            text = param.get("expr") or param.get("location")
            if text is None:
                raise invalid("<param> needs expr or location", param.line)
            values[param.get("name") or ""] = extension.typed(param) or self._dialect.value(text, param.line)
        return values

    def value(self, text: str, line: int) -> Value:
        """An expression as the dialect of the document reads it."""
        return self._dialect.value(text, line)

    @contextmanager
    def loop(self, item: str | None) -> Iterator[None]:
        """Inside, expressions may read `item`."""
        if item is not None:
            self._dialect.enter_loop(item, None)
        yield
        if item is not None:
            self._dialect.leave_loop()

    def _action(self, element: Element) -> list[Action]:
        if extension.is_own(element):
            return extension.action(element, self)
        match element.tag:
            case "raise":
                return [extension.raised(element, self)]
            case "send":
                return self._send(element)
            case "cancel":
                return [Cancel(id=self._literal(element, "sendid"))]
            case "assign":
                return [self._assign(element)]
            case "if":
                return [self._if(element)]
            case "foreach":
                return [self._for_each(element)]
            case "log":
                return [self._log(element)]
            case "script":
                return self._dialect.script(self._dialect.source(element), element.line)
            case _:
                raise invalid(f"<{element.tag}> is not convertible here", element.line)

    def _assign(self, element: Element) -> Action:
        location = self._dialect.location(_required(element, "location"), element.line)
        expression = element.get("expr")
        data = self._dialect.data(element) if expression is None else self._dialect.value(expression, element.line)
        data = extension.typed(element) or data
        return Set(values={location: data})

    def _if(self, element: Element) -> Action:
        branches: list[tuple[str | None, list[Element]]] = [(_required(element, "cond"), [])]
        for child in element.children:
            if child.tag in _PARTS:
                if branches[-1][0] is None:
                    raise invalid("nothing may follow <else>", child.line)
                branches.append((_required(child, "cond") if child.tag == "elseif" else None, []))
            else:
                branches[-1][1].append(child)
        return If(
            branches=tuple(
                Branch(when=self._dialect.condition(condition, element.line), actions=self.actions(inner))
                for condition, inner in branches
                if condition is not None
            ),
            otherwise=self.actions(branches[-1][1]) if branches[-1][0] is None else (),
        )

    def _for_each(self, element: Element) -> Action:
        item = self._dialect.name(element, "item")
        index = self._dialect.name(element, "index") if element.get("index") is not None else None
        array = self._dialect.value(_required(element, "array"), element.line)
        if not isinstance(array, Cel):
            raise invalid("array must name a variable", element.line)
        loop = self._dialect.enter_loop(item, index)
        body = self.actions(element.children)
        self._dialect.leave_loop()
        return ForEach(of=array.source, item=loop.item, index=loop.index, actions=(*loop.first, *body))

    def _log(self, element: Element) -> Action:
        expression = element.get("expr")
        value = self._dialect.log_value(expression, element.line) if expression is not None else None
        return Log(label=element.get("label"), value=extension.typed(element) or value)

    # --- send ------------------------------------------------------------------------------------------------

    def _send(self, element: Element) -> list[Action]:
        if element.get("type") == extension.PROCESS_TYPE:
            return [extension.sent(element, self)]
        if element.get("typeexpr") or (element.get("type") or "scxml").rstrip("/") not in _EVENT_PROCESSORS:
            raise invalid("only sends to statecharts are convertible", element.line)
        event = self._literal(element, "event")
        if element.get("targetexpr") or element.get("target") not in (None, "#_internal"):
            raise invalid("only sends to the statechart itself are convertible", element.line)
        data = self.parameters(element, element.get("namelist"))
        content = self.whole(element)
        delay = self._delay(element)
        if element.get("target") == "#_internal":
            if delay is not None:
                raise invalid("an internal event has no delay", element.line)
            return [Raise(event=event, data=data, content=content)]
        name, before = self._send_id(element)
        return [*before, Send(event=event, data=data, content=content, delay=delay, id=name)]

    def _send_id(self, element: Element) -> tuple[str | None, list[Action]]:
        """The id of a send; `idlocation` gets one that the document does not use, the same at every turn."""
        location = element.get("idlocation")
        if location is None:
            return element.get("id"), []
        self._generated += 1
        name = f"send-{self._generated}-line-{element.line}"
        place = self._dialect.location(location, element.line)
        return name, [Set(values={place: Const(value=name)})]

    def whole(self, element: Element) -> Value | None:
        """The value of `<content>`, a payload that is no map of parameters."""
        for content in element.all("content"):
            expression = content.get("expr")
            if expression is not None:
                return self._dialect.value(expression, content.line)
            if content.children:
                raise invalid("XML as content is not convertible", content.line)
            return self._dialect.data(content)
        return None

    def _delay(self, element: Element) -> Value | None:
        text = element.get("delay")
        if text is None:
            if element.get("delayexpr") is None:
                return None
            value = self._dialect.delay(_required(element, "delayexpr"), element.line)
            if not isinstance(value, Const):
                return value
            text = str(value.value)
        seconds = _seconds(text)
        if seconds is None:
            raise invalid(f"{text!r} is no delay such as 10ms or 1.5s", element.line)
        return Const(value=f"PT{seconds}S") if float(seconds) else None

    def _literal(self, element: Element, attribute: str) -> str:
        """`event`, or `eventexpr` where that is a literal: what is sent must be known beforehand."""
        given = element.get(attribute)
        if given is not None:
            return given
        value = self._dialect.value(_required(element, f"{attribute}expr"), element.line)
        if isinstance(value, Const) and isinstance(value.value, str):
            return value.value
        raise invalid(f"{attribute}expr is convertible only when it is a literal", element.line)


def _required(element: Element, attribute: str) -> str:
    given = element.get(attribute)
    if given is None:
        raise invalid(f"<{element.tag}> needs {attribute}", element.line)
    return given


def _seconds(text: str) -> str | None:
    """Seconds of a CSS-like time, written without an exponent."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    return f"{float(match.group(1)) * _PER_UNIT[match.group(2)]:.6f}".rstrip("0").rstrip(".")
