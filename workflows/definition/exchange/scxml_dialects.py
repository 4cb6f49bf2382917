"""Expressions of an SCXML document as CEL and Program values: the ECMAScript subset, or CEL as it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from workflows.definition.exchange import ecmascript as ecma
from workflows.definition.exchange import ecmascript_cel as cel
from workflows.definition.exchange.markup import Element, invalid
from workflows.definition.expressions import compile_expression
from workflows.definition.program import Action, Cel, Const, Set, Text, Value
from workflows.domain.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_RELATIVE = re.compile(r"(?!.*(?:^|/)\.\.(?:/|$))[\w][\w./ -]*")
_DELAY = (
    '"PT" + ({time}.endsWith("ms") ? string(double({time}.replace("ms", "")) / 1000.0) + "S" : {time}.upperAscii())'
)
ReadFile = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Loop:
    """Names a loop binds, and what it does first on every turn."""

    item: str
    index: str | None
    first: tuple[Action, ...] = ()


class Dialect(Protocol):
    """How one data model writes conditions, values and places. All refuse with the line."""

    def condition(self, text: str, line: int) -> str: ...

    def value(self, text: str, line: int) -> Value: ...

    def log_value(self, text: str, line: int) -> Value: ...

    def location(self, text: str, line: int) -> str: ...

    def script(self, text: str, line: int) -> list[Action]: ...

    def source(self, element: Element) -> str: ...

    def name(self, element: Element, attribute: str) -> str: ...

    def data(self, element: Element) -> Value: ...

    def delay(self, text: str, line: int) -> Value: ...

    def enter_loop(self, item: str, index: str | None) -> Loop: ...

    def leave_loop(self) -> None: ...


def dialect_of(root: Element, expressions: str | None, read_file: ReadFile | None) -> Dialect:
    """The dialect that the caller, or else the document, asks for."""
    asked = expressions or (root.get("datamodel") or "ecmascript").lower()
    if asked == "cel":
        return CelDialect(read_file)
    if asked in ("ecmascript", "null"):
        return EcmaScriptDialect(read_file, _declared(root))
    raise invalid(f"the data model {asked!r} is not known: ecmascript, cel or null", root.line)


class _Files:
    def __init__(self, read_file: ReadFile | None) -> None:
        self._read_file = read_file

    def source(self, element: Element) -> str:
        """The text inside the element, or of the file its `src` names."""
        path = element.get("src")
        if path is None:
            return element.text
        path = path.removeprefix("file:")
        if self._read_file is None or not _RELATIVE.fullmatch(path):
            raise invalid(f"src={path!r} is not read: only files beside the document are", element.line)
        try:
            return self._read_file(path)
        except (OSError, ValueError) as problem:
            raise invalid(f"src={path!r} cannot be read", element.line) from problem

    def name(self, element: Element, attribute: str) -> str:
        given = element.get(attribute) or ""
        if not _NAME.fullmatch(given):
            raise invalid(f"{attribute}={given!r} is no name", element.line)
        return given


class CelDialect(_Files):
    """Expressions are CEL and read the names of `expressions.SCOPE`; places are written `data.x` or `x`."""

    def __init__(self, read_file: ReadFile | None) -> None:
        super().__init__(read_file)
        self._bound: list[tuple[str, ...]] = []

    def condition(self, text: str, line: int) -> str:
        try:
            return compile_expression(text.strip(), tuple(name for names in self._bound for name in names)).source
        except InvalidInput as problem:
            raise invalid(problem.message, line) from problem

    def value(self, text: str, line: int) -> Value:
        return Cel(source=self.condition(text, line))

    def log_value(self, text: str, line: int) -> Value:
        return self.value(text, line)

    def location(self, text: str, line: int) -> str:
        path = text.strip().removeprefix("data.")
        if not all(_NAME.fullmatch(part) for part in path.split(".")):
            raise invalid(f"{text!r} is no place in the data", line)
        return path

    def script(self, text: str, line: int) -> list[Action]:
        if text.strip():
            raise invalid("<script> is not convertible in the data model cel: use <assign>", line)
        return []

    def data(self, element: Element) -> Value:
        text = element.get("expr") or self.source(element)
        if text.strip() in ("", "[]", "{}"):  # nothing in them to work out
            return Const(value=json.loads(text.strip() or "null"))
        return self.value(text, element.line)

    def delay(self, text: str, line: int) -> Value:
        return self.value(text, line)

    def enter_loop(self, item: str, index: str | None) -> Loop:
        self._bound.append((item, index) if index is not None else (item,))
        return Loop(item, index)

    def leave_loop(self) -> None:
        self._bound.pop()


class EcmaScriptDialect(_Files):
    """The subset of `ecmascript`; variables are the data of the document."""

    def __init__(self, read_file: ReadFile | None, declared: dict[str, int]) -> None:
        super().__init__(read_file)
        self._names = {name: cel.member("data", name) for name in declared}
        self._loops = 0
        self._functions: dict[str, tuple[ecma.Statement, ...]] = {}

    def condition(self, text: str, line: int) -> str:
        return self._checked(lambda: cel.condition(ecma.parse_expression(text), self._names), text, line)

    def value(self, text: str, line: int) -> Value:
        tree = self._parsed(text, line)
        try:
            return Const(value=cel.constant(tree))
        except ecma.NotConvertible:
            return Cel(source=self._checked(lambda: cel.value(tree, self._names), text, line))

    def log_value(self, text: str, line: int) -> Value:
        """In a log, text joined with values stays readable whatever their type; `_event` is name and data."""
        parts: list[str] = [""]
        for tree in _joined(self._parsed(text, line)):
            if isinstance(tree, ecma.Literal) and isinstance(tree.value, str):
                parts[-1] += tree.value
            else:
                parts += [self._shown(tree, text, line), ""]
        return Text(parts=tuple(parts)) if len(parts) != 3 or any(parts[::2]) else Cel(source=parts[1])

    def _shown(self, tree: ecma.Tree, text: str, line: int) -> str:
        match tree:
            case ecma.Call(ecma.Member(ecma.Name("JSON"), "stringify"), (inner,)):
                tree = inner
        if tree == ecma.Name("_event"):
            return '{"name": instance.event, "data": event}'
        return self._checked(lambda: cel.value(tree, self._names), text, line)

    def location(self, text: str, line: int) -> str:
        return self._place(self._parsed(text, line), line)

    def _place(self, tree: ecma.Tree, line: int) -> str:
        try:
            path = cel.path(tree)
        except ecma.NotConvertible as problem:
            raise invalid(problem.message, line) from problem
        if path[0] not in self._names:
            raise invalid(f"unknown variable {path[0]!r}", line)
        return ".".join(path)

    def script(self, text: str, line: int) -> list[Action]:
        try:
            return list(self._statements(ecma.parse_script(text), line, depth=0))
        except ecma.NotConvertible as problem:
            raise invalid(f"{problem.message}: {_short(text)}", line) from problem

    def _statements(self, statements: tuple[ecma.Statement, ...], line: int, depth: int) -> Iterator[Action]:
        for statement in statements:
            match statement:
                case ecma.Function(name, body):
                    if depth:
                        raise ecma.NotConvertible("functions inside functions are not convertible")
                    self._functions[name] = body
                case ecma.Assignment(_, _, True) if depth:
                    raise ecma.NotConvertible("variables of functions are not convertible")
                case ecma.Assignment(ecma.Name(name), None) if name in self._names:
                    continue
                case ecma.Assignment(target, value):
                    yield self._assignment(target, value or ecma.Literal(None), line)
                case ecma.Call(ecma.Name(name), ()) if name in self._functions and depth < 8:
                    yield from self._statements(self._functions[name], line, depth + 1)
                case _:
                    raise ecma.NotConvertible("this call is not convertible")

    def _assignment(self, target: ecma.Tree, value: ecma.Tree, line: int) -> Action:
        path = cel.path(target)
        self._names.setdefault(path[0], cel.member("data", path[0]))
        try:
            assigned: Value = Const(value=cel.constant(value))
        except ecma.NotConvertible:
            assigned = Cel(source=cel.value(value, self._names))
        return Set(values={self._place(target, line): assigned})

    def data(self, element: Element) -> Value:
        """`expr`, or the content: a literal of the language, else the text itself with its white space folded."""
        expression = element.get("expr")
        if expression is not None:
            return self.value(expression, element.line)
        if element.children:
            raise invalid("XML as data is not convertible", element.line)
        text = self.source(element)
        return self.content(text) if text.strip() else Const(value=None)

    def content(self, text: str) -> Value:
        try:
            return Const(value=cel.constant(ecma.parse_expression(text)))
        except ecma.NotConvertible:
            return Const(value=" ".join(text.split()))

    def delay(self, text: str, line: int) -> Value:
        """Times are written as in CSS (`1.5s`, `10ms`); worked out when the event is sent."""
        value = self.value(text, line)
        if isinstance(value, Const):
            return value
        time = self._checked(lambda: cel.value(self._parsed(text, line), self._names), text, line)
        return Cel(source=_DELAY.format(time=f"({time})"))

    def enter_loop(self, item: str, index: str | None) -> Loop:
        """SCXML loops assign variables of the document: the loop's own names are hidden and copied into them."""
        self._loops += 1
        hidden, position = f"item_{self._loops}__", f"index_{self._loops}__"
        values: dict[str, Value] = {item: Cel(source=hidden)}
        if index is not None:
            values[index] = Cel(source=position)
        return Loop(hidden, position if index is not None else None, (Set(values=values),))

    def leave_loop(self) -> None:
        """Nothing to undo: the hidden names are in no expression of the document."""

    def _parsed(self, text: str, line: int) -> ecma.Tree:
        try:
            return ecma.parse_expression(text)
        except ecma.NotConvertible as problem:
            raise invalid(f"{problem.message}: {_short(text)}", line) from problem

    def _checked(self, convert: Callable[[], str], text: str, line: int) -> str:
        try:
            return compile_expression(convert()).source
        except InvalidInput as problem:
            raise invalid(f"{problem.message}: {_short(text)}", line) from problem


def _joined(tree: ecma.Tree) -> Iterator[ecma.Tree]:
    """The operands of a sum that contains a text, left to right; any other expression is one operand."""
    if isinstance(tree, ecma.Binary) and tree.operator == "+" and any(map(_is_text, (tree.left, tree.right))):
        yield from _joined(tree.left)
        yield from _joined(tree.right)
    else:
        yield tree


def _is_text(tree: ecma.Tree) -> bool:
    if isinstance(tree, ecma.Binary):
        return tree.operator == "+" and (_is_text(tree.left) or _is_text(tree.right))
    return isinstance(tree, ecma.Literal) and isinstance(tree.value, str)


def _declared(root: Element) -> dict[str, int]:
    """Names of the variables: data, and what loops bind."""
    found: dict[str, int] = {}
    queue = [root]
    while queue:
        element = queue.pop()
        queue.extend(element.children)
        if element.tag == "data":
            found[element.get("id") or ""] = element.line
        elif element.tag == "foreach":
            found.update({name: element.line for name in (element.get("item"), element.get("index")) if name})
    return {name: line for name, line in sorted(found.items()) if _NAME.fullmatch(name)}


def _short(text: str) -> str:
    joined = " ".join(text.split())
    return json.dumps(joined if len(joined) <= 80 else joined[:77] + "…", ensure_ascii=False)
