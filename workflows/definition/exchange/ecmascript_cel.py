"""ECMAScript trees to CEL source, keeping the meaning or refusing.

Variables become `data.<name>`, `_event.data` becomes `event`. Where ECMAScript looks at a value as a truth, or
joins texts, the CEL says so explicitly. Whole numbers stay whole numbers: an expression written with them fails,
never rounds, when a variable turns out to hold a fraction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.definition.exchange.ecmascript import (
    ArrayLiteral,
    Binary,
    Call,
    Choice,
    Index,
    Literal,
    Member,
    Name,
    NotConvertible,
    ObjectLiteral,
    Tree,
    Unary,
)

_RESERVED = frozenset(
    {
        *("in", "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "let", "loop"),
        *("namespace", "null", "package", "return", "true", "var", "void", "while"),
    }
)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_SYSTEM = {"_sessionid": ("string(instance.id)", "string"), "_name": ("instance.process", "string")}
_NUMBERS = ("int", "double")
_TYPE_WORDS = {"undefined": "null", "boolean": "bool", "string": "string"}


@dataclass(frozen=True, slots=True)
class Source:
    """CEL source with what is known of its type: bool, int, double, string, list, map, null or dyn."""

    text: str
    type: str = "dyn"
    simple: bool = True
    """Needs no brackets next to an operator."""

    def __str__(self) -> str:
        return self.text if self.simple else f"({self.text})"


def condition(tree: Tree, names: Mapping[str, str]) -> str:
    """CEL that is true where ECMAScript finds the expression truthy. `names`: variable -> CEL.

    Raises:
        NotConvertible: it reads or calls what has no counterpart.
    """
    return _truth_of(tree, names).text


def value(tree: Tree, names: Mapping[str, str]) -> str:
    """CEL with the value of the expression.

    Raises:
        NotConvertible: it reads or calls what has no counterpart.
    """
    return _source(tree, names).text


def constant(tree: Tree) -> Any:
    """The JSON value of an expression of literals only.

    Raises:
        NotConvertible: it reads something.
    """
    match tree:
        case Literal():
            return tree.value
        case ArrayLiteral():
            return [constant(item) for item in tree.items]
        case ObjectLiteral():
            return {key: constant(item) for key, item in tree.fields}
        case Unary("-", Literal(int() | float() as number)):
            return -number
        case _:
            raise NotConvertible("not a literal")


def path(tree: Tree) -> tuple[str, ...]:
    """The parts of a place that can be assigned: `a.b["c"]` gives a, b, c.

    Raises:
        NotConvertible: no such place.
    """
    match tree:
        case Name(name):
            return (name,)
        case Member(of, name) if "." not in name:
            return (*path(of), name)
        case _:
            raise NotConvertible("only variables and their members can be assigned")


def member(of: str, name: str) -> str:
    """CEL for one member of a map."""
    return f"{of}.{name}" if _IDENTIFIER.fullmatch(name) and name not in _RESERVED else f"{of}[{json.dumps(name)}]"


def _source(tree: Tree, names: Mapping[str, str]) -> Source:
    match tree:
        case Literal():
            return _literal(tree.value)
        case Name(name):
            return _name(name, names)
        case Member():
            return _member(tree, names)
        case Index(of, index):
            return Source(f"{_source(of, names)}[{_source(index, names).text}]")
        case Call(function, arguments):
            return _call(function, arguments, names)
        case Unary(operator, operand):
            return _unary(operator, operand, names)
        case Binary():
            return _binary(tree, names)
        case Choice():
            return _choice(_truth_of(tree.condition, names), _source(tree.then, names), _source(tree.otherwise, names))
        case ArrayLiteral(items):
            return Source("[" + ", ".join(_source(item, names).text for item in items) + "]", "list")
        case ObjectLiteral(fields):
            inner = ", ".join(f"{json.dumps(key)}: {_source(item, names).text}" for key, item in fields)
            return Source("{" + inner + "}", "map")


def _literal(plain: Any) -> Source:
    kinds = {bool: "bool", int: "int", float: "double", str: "string"}
    if isinstance(plain, int) and not isinstance(plain, bool) and not -(2**63) <= plain < 2**63:
        raise NotConvertible(f"the number {plain} is too large")
    return Source(json.dumps(plain, ensure_ascii=False), kinds.get(type(plain), "null"))


def _name(name: str, names: Mapping[str, str]) -> Source:
    if name in names:
        return Source(names[name])
    if name in _SYSTEM:
        return Source(*_SYSTEM[name])
    if name == "_event":
        raise NotConvertible("of _event only name and data are convertible")
    raise NotConvertible(f"unknown variable {name!r}")


def _member(tree: Member, names: Mapping[str, str]) -> Source:
    if tree.of == Name("_event"):
        if tree.name == "data":
            return Source("event")
        if tree.name == "name":
            return Source("instance.event", "string")
        raise NotConvertible(f"_event.{tree.name} is not convertible")
    of = _source(tree.of, names)
    if tree.name == "length":
        return Source(f"size({of.text})", "int")
    return Source(member(str(of), tree.name))


# --- calls -----------------------------------------------------------------------------------------------------


def _call(function: Tree, arguments: tuple[Tree, ...], names: Mapping[str, str]) -> Source:
    match function, arguments:
        case Name("In"), (Literal(str() as state),):
            return Source(f"{json.dumps(state)} in state", "bool", simple=False)
        case Member(Name("Math"), "pow"), (base, Literal(int() as exponent)) if 1 <= exponent <= 8:
            factor = _numeric(_source(base, names))
            return Source(" * ".join([str(factor)] * exponent), factor.type, simple=exponent == 1)
        case Member(Name("Math"), "abs"), (operand,):
            number = _numeric(_source(operand, names))
            return Source(f"math.abs({number.text})", number.type)
        case Member(Name("Math"), "min" | "max" as which), (_, _, *_):
            least = "math.least" if which == "min" else "math.greatest"
            return Source(f"{least}({', '.join(_numeric(_source(item, names)).text for item in arguments)})")
        case Member(ArrayLiteral() as first, "concat"), (_, *_):
            joined = [_source(first, names), *(_as_list(_source(item, names)) for item in arguments)]
            return Source(" + ".join(map(str, joined)), "list", simple=False)
        case _:
            raise NotConvertible(f"the call of {_shown(function)} is not convertible")


def _as_list(source: Source) -> Source:
    """What `concat` takes it for: a list as it is, anything else as one item."""
    if source.type == "dyn":
        return Source(f"type({source.text}) == list ? {source} : [{source.text}]", "list", simple=False)
    return source if source.type == "list" else Source(f"[{source.text}]", "list")


def _shown(tree: Tree) -> str:
    match tree:
        case Name(name):
            return name
        case Member(of, name):
            return f"{_shown(of)}.{name}"
        case _:
            return "an expression"


# --- operators -------------------------------------------------------------------------------------------------


def _unary(operator: str, operand: Tree, names: Mapping[str, str]) -> Source:
    if operator == "typeof":
        raise NotConvertible("typeof is convertible only when compared with 'undefined', 'boolean' or 'string'")
    if operator == "!":
        return Source(f"!{_truth_of(operand, names)}", "bool")
    number = _numeric(_source(operand, names))
    return number if operator == "+" else Source(f"-{number}", number.type, simple=False)


def _binary(tree: Binary, names: Mapping[str, str]) -> Source:
    operator = tree.operator
    if operator in ("===", "!==", "==", "!="):
        return _typeof(tree, names) or _equality(tree, names)
    left = _source(tree.left, names)
    if operator == "instanceof":
        return _is_array(left, tree.right)
    right = _source(tree.right, names)
    match operator:
        case "&&" | "||":
            return _logic(operator, left, right)
        case "in":
            return Source(f"{left} in {right}", "bool", simple=False)
        case "+" if "string" in (left.type, right.type):
            return Source(f"{_text(left)} + {_text(right)}", "string", simple=False)
        case "+" if left.type == right.type == "dyn":
            return Source(f"{left} + {right}", simple=False)
        case "/":
            return Source(f"{_double(_numeric(left))} / {_double(_numeric(right))}", "double", simple=False)
        case "<" | ">" | "<=" | ">=":
            one, other = _comparable(left, right)
            return Source(f"{one} {operator} {other}", "bool", simple=False)
        case _:
            one, other = _calculable(_numeric(left), _numeric(right))
            if operator == "%" and "double" in (one.type, other.type):
                raise NotConvertible("the remainder of fractions is not convertible")
            kind = one.type if one.type == other.type else "dyn"
            return Source(f"{one} {operator} {other}", kind, simple=False)


def _is_array(left: Source, kind: Tree) -> Source:
    if kind != Name("Array"):
        raise NotConvertible("instanceof is convertible only for Array")
    return Source(f"type(dyn({left.text})) == list", "bool", simple=False)


def _logic(operator: str, left: Source, right: Source) -> Source:
    """`&&` and `||` give one of their operands; between truths that is what CEL does."""
    if left.type == right.type == "bool":
        return Source(f"{left} {operator} {right}", "bool", simple=False)
    then, otherwise = (right, left) if operator == "&&" else (left, right)
    return _choice(_truth(left), then, otherwise)


def _choice(condition: Source, then: Source, otherwise: Source) -> Source:
    """CEL wants both outcomes of one type unless they are said to be of any."""
    if then.type == otherwise.type or "dyn" in (then.type, otherwise.type):
        kind = then.type if then.type == otherwise.type else "dyn"
        return Source(f"{condition} ? {then} : {otherwise}", kind, simple=False)
    return Source(f"{condition} ? dyn({then.text}) : dyn({otherwise.text})", simple=False)


def _typeof(tree: Binary, names: Mapping[str, str]) -> Source | None:
    """`typeof x === "undefined"`, `"boolean"` or `"string"`."""
    match tree:
        case Binary(operator, Unary("typeof", operand), Literal(str() as word)) if word in _TYPE_WORDS:
            sign = operator[:2]
        case _:
            return None
    if word != "undefined":
        return Source(f"type(dyn({_source(operand, names).text})) {sign} {_TYPE_WORDS[word]}", "bool", simple=False)
    if operand == Member(Name("_event"), "data"):
        return Source(f"event {sign} {{}}", "bool", simple=False)
    if isinstance(operand, Member):
        return Source(f"{'!' if sign == '==' else ''}has({_source(operand, names).text})", "bool")
    if isinstance(operand, Name) and operand.name not in names:
        return Source("true" if sign == "==" else "false", "bool")
    return Source(f"{_source(operand, names)} {sign} null", "bool", simple=False)


def _equality(tree: Binary, names: Mapping[str, str]) -> Source:
    left, right = _source(tree.left, names), _source(tree.right, names)
    sign = tree.operator[:2]
    if "dyn" not in (left.type, right.type) and left.type != right.type and {left.type, right.type} != set(_NUMBERS):
        if len(tree.operator) == 2:
            raise NotConvertible(f"{tree.operator} between a {left.type} and a {right.type} is not convertible")
        return Source("false" if sign == "==" else "true", "bool")
    if left.type in ("list", "map") or right.type in ("list", "map"):
        raise NotConvertible("objects are compared by identity; that is not convertible")
    one, other = _comparable(left, right)
    return Source(f"{one} {sign} {other}", "bool", simple=False)


def _truth_of(tree: Tree, names: Mapping[str, str]) -> Source:
    match tree:
        case Binary("&&" | "||" as operator, left, right):
            return Source(f"{_truth_of(left, names)} {operator} {_truth_of(right, names)}", "bool", simple=False)
        case _:
            return _truth(_source(tree, names))


def _truth(source: Source) -> Source:
    """What counts as true: neither false, 0, "", null nor undefined."""
    match source.type:
        case "bool":
            return source
        case "int" | "double":
            return Source(f"{source} != {'0' if source.type == 'int' else '0.0'}", "bool", simple=False)
        case "string":
            return Source(f'{source} != ""', "bool", simple=False)
        case "list" | "map":
            return Source("true", "bool")
        case "null":
            return Source("false", "bool")
        case _:
            return Source(f'!({source} in [dyn(false), 0, "", null])', "bool")


def _text(source: Source) -> Source:
    if source.type in ("list", "map", "null"):
        raise NotConvertible(f"joining text and a {source.type} is not convertible")
    return source if source.type == "string" else Source(f"string({source.text})", "string")


def _numeric(source: Source) -> Source:
    if source.type not in ("dyn", *_NUMBERS):
        raise NotConvertible(f"arithmetic with a {source.type} is not convertible")
    return source


def _double(source: Source) -> Source:
    if source.type == "double":
        return source
    if source.type == "int" and source.text.isdigit():
        return Source(f"{source.text}.0", "double")
    return Source(f"double({source.text})", "double")


def _comparable(left: Source, right: Source) -> tuple[Source, Source]:
    """Values of unknown type compare as they are; of two known numbers both become fractions when one is."""
    return (_double(left), _double(right)) if {left.type, right.type} == set(_NUMBERS) else (left, right)


def _calculable(left: Source, right: Source) -> tuple[Source, Source]:
    """Both as fractions when one is known to be one, for CEL does not mix whole numbers and fractions."""
    return (_double(left), _double(right)) if "double" in (left.type, right.type) else (left, right)
