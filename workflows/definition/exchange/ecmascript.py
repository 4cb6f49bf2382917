"""Reads the subset of ECMAScript that statecharts use: expressions, assignments, functions without parameters.

A tokenizer and a precedence parser; the result is a tree that `ecmascript_cel` turns into CEL. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workflows.domain.errors import InvalidInput

MOST_DEPTH = 60
"""Brackets within brackets of one expression."""
MOST_LINKS = 200
"""Operators, members and calls strung together."""


class NotConvertible(InvalidInput):
    """The script is broken, or uses what has no counterpart; the message says what."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name` or `of["name"]`."""

    of: Tree
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    of: Tree
    index: Tree


@dataclass(frozen=True, slots=True)
class Call:
    function: Tree
    arguments: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Tree


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Tree
    then: Tree
    otherwise: Tree


@dataclass(frozen=True, slots=True)
class ArrayLiteral:
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class ObjectLiteral:
    fields: tuple[tuple[str, Tree], ...]


Tree = Literal | Name | Member | Index | Call | Unary | Binary | Choice | ArrayLiteral | ObjectLiteral


@dataclass(frozen=True, slots=True)
class Assignment:
    target: Tree
    value: Tree | None
    """None: `var x;`, which leaves a variable that exists as it is."""
    declares: bool = False
    """Written with `var`, `let` or `const`."""


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: tuple[Statement, ...]


Statement = Assignment | Function | Call

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<name>[A-Za-z_$][\w$]*)
      | (?P<sign>===|!==|==|!=|<=|>=|&&|\|\||\+\+|--|\+=|-=|\*=|/=|[-+*/%<>!?:.,;()\[\]{}=])""",
    re.VERBOSE | re.DOTALL,
)
_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "===", "!=="), 3),
    **dict.fromkeys(("<", ">", "<=", ">=", "in", "instanceof"), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "undefined": None}
_NOT_NAMES = frozenset(
    {
        *("new", "delete", "void", "instanceof", "function", "return", "if", "else", "for", "while", "do", "switch"),
        *("case", "break", "continue", "throw", "try", "catch", "finally", "with", "class", "this", "yield", "await"),
        *("var", "let", "const", "typeof", "in", "import", "export", "debugger", "default", "super", "extends"),
    }
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


def parse_expression(text: str) -> Tree:
    """The tree of one expression.

    Raises:
        NotConvertible: no expression, or outside the subset.
    """
    parser = _Parser(text)
    tree = parser.expression()
    parser.end()
    return tree


def parse_script(text: str) -> tuple[Statement, ...]:
    """The statements of a script, in order.

    Raises:
        NotConvertible: no script, or outside the subset.
    """
    parser = _Parser(text)
    statements = tuple(parser.statements(until=""))
    parser.end()
    return statements


@dataclass(slots=True)
class _Parser:
    text: str
    _tokens: list[tuple[str, str]] = field(init=False)
    _at: int = 0
    _depth: int = 0

    def __post_init__(self) -> None:
        self._tokens = list(_tokens(self.text))

    # --- statements ------------------------------------------------------------------------------------------

    def statements(self, until: str) -> Iterator[Statement]:
        while self._next() not in ("", until):
            if self._skip(";"):
                continue
            if self._next() in ("var", "let", "const"):
                self._at += 1
                yield from self._declarations()
            elif self._next() == "function":
                yield self._function()
            else:
                yield self._assignment_or_call()

    def _declarations(self) -> Iterator[Statement]:
        while True:
            target = Name(self._name())
            if self._skip("="):
                yield Assignment(target, self.expression(), declares=True)
            else:
                yield Assignment(target, None, declares=True)
            if not self._skip(","):
                return

    def _function(self) -> Function:
        self._at += 1
        name = self._name()
        self._expect("(")
        if self._next() != ")":
            raise NotConvertible("functions with parameters are not convertible")
        self._expect(")")
        self._expect("{")
        body = tuple(self.statements(until="}"))
        self._expect("}")
        return Function(name, body)

    def _assignment_or_call(self) -> Statement:
        if self._next() in ("++", "--"):
            sign = self._take()[0]
            target = self._postfix()
            return Assignment(target, Binary(sign, target, Literal(1)))
        target = self._postfix()
        operator = self._next()
        if operator == "=":
            self._at += 1
            return Assignment(target, self.expression())
        if operator in ("+=", "-=", "*=", "/="):
            self._at += 1
            return Assignment(target, Binary(operator[0], target, self.expression()))
        if operator in ("++", "--"):
            self._at += 1
            return Assignment(target, Binary(operator[0], target, Literal(1)))
        if isinstance(target, Call):
            return target
        raise NotConvertible(f"only assignments and calls are statements here, not {operator or 'a bare value'!r}")

    # --- expressions -----------------------------------------------------------------------------------------

    def expression(self) -> Tree:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise NotConvertible("nested too deeply")
        condition = self._binary(1)
        if self._skip("?"):
            then = self.expression()
            self._expect(":")
            condition = Choice(condition, then, self.expression())
        self._depth -= 1
        return condition

    def _binary(self, least: int) -> Tree:
        left = self._unary()
        links = 0
        while (strength := _PRECEDENCE.get(self._next(), 0)) >= least:
            operator = self._take()
            left = Binary(operator, left, self._binary(strength + 1))
            links = _bounded(links + 1)
        return left

    def _unary(self) -> Tree:
        operators = []
        while self._next() in ("!", "-", "+", "typeof"):
            operators.append(self._take())
        _bounded(len(operators))
        tree = self._postfix()
        for operator in reversed(operators):
            tree = Unary(operator, tree)
        return tree

    def _postfix(self) -> Tree:
        tree = self._primary()
        links = 0
        while True:
            links = _bounded(links + 1)
            if self._skip("."):
                tree = Member(tree, self._name(member=True))
            elif self._skip("["):
                index = self.expression()
                self._expect("]")
                named = isinstance(index, Literal) and isinstance(index.value, str)
                tree = Member(tree, str(index.value)) if named and isinstance(index, Literal) else Index(tree, index)
            elif self._skip("("):
                tree = Call(tree, self._list(")"))
            else:
                return tree

    def _primary(self) -> Tree:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        self._at += 1
        if kind == "number":
            return Literal(_number(text))
        if kind == "string":
            return Literal(_unescaped(text[1:-1]))
        if kind == "name" and text in _WORDS:
            return Literal(_WORDS[text])
        if kind == "name" and text not in _NOT_NAMES:
            return Name(text)
        if text == "(":
            tree = self.expression()
            self._expect(")")
            return tree
        if text == "[":
            return ArrayLiteral(self._list("]"))
        if text == "{":
            return self._object()
        raise NotConvertible(f"unexpected {text!r}" if text else "unexpected end")

    def _list(self, close: str) -> tuple[Tree, ...]:
        items: list[Tree] = []
        while not self._skip(close):
            if items:
                self._expect(",")
            items.append(self.expression())
        return tuple(items)

    def _object(self) -> ObjectLiteral:
        fields: list[tuple[str, Tree]] = []
        while not self._skip("}"):
            if fields:
                self._expect(",")
            key = self._take()
            if key[:1] in "\"'":
                key = _unescaped(key[1:-1])
            self._expect(":")
            fields.append((key, self.expression()))
        return ObjectLiteral(tuple(fields))

    # --- tokens ----------------------------------------------------------------------------------------------

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise NotConvertible(f"unexpected {self._next()!r}")

    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next()
        if not token:
            raise NotConvertible("unexpected end")
        self._at += 1
        return token

    def _skip(self, sign: str) -> bool:
        if self._next() == sign:
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            raise NotConvertible(f"expected {sign!r}, found {self._next() or 'the end'!r}")

    def _name(self, *, member: bool = False) -> str:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "the end")
        if kind != "name" or (text in _NOT_NAMES and not member):
            raise NotConvertible(f"expected a name, found {text!r}")
        self._at += 1
        return text


def _bounded(links: int) -> int:
    if links > MOST_LINKS:
        raise NotConvertible("too long")
    return links


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotConvertible(f"unexpected {text[at]!r}")
        at = match.end()
        if match.lastgroup != "space":
            yield str(match.lastgroup), match.group()


def _number(text: str) -> int | float:
    if text[:2].lower() == "0x":
        return int(text, 16)
    if text.isdigit():
        return int(text)
    return float(text)


def _unescaped(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", replace, text, flags=re.DOTALL)
