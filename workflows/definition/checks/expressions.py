"""Expressions: syntax, names, types, and whether each gives what its place needs."""

from __future__ import annotations

import re
from dataclasses import replace

from workflows.definition.checks.types import Types
from workflows.definition.diagnostics import Position
from workflows.definition.expressions import compile_expression
from workflows.definition.lower.context import Expected, Lowering, Site
from workflows.definition.suggestions import did_you_mean
from workflows.definition.typing.environment import Complaint
from workflows.definition.typing.shapes import Shape, declared
from workflows.domain.errors import InvalidInput

_ALLOWED: dict[Expected, tuple[str, ...]] = {
    "bool": ("BOOL",),
    "string": ("STRING",),
    "duration": ("STRING", "DURATION"),
    "time": ("STRING", "TIMESTAMP"),
    "list": ("LIST",),
    "who": ("STRING", "NULL"),
}
_WANTED: dict[Expected, str] = {
    "bool": "true or false",
    "string": "a text",
    "duration": "a duration",
    "time": "a date-time",
    "list": "a list",
    "who": "the name of a user, or null",
}
_NO_JSON = ("BYTES", "TYPE", "UINT")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_UNDEFINED = re.compile(r"undefined field '([^']*)' not found in struct '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '([^']*)'")
_COMPARED = re.compile(
    r"(?<![\w.])(?P<root>data|event)\.(?P<path>[A-Za-z_][\w.]*)\s*(?:==|!=)\s*(?:\"(?P<double>[^\"\\]*)\"|'(?P<single>[^'\\]*)')"
)
_LISTED = re.compile(r"(?<![\w.])(?P<root>data|event)\.(?P<path>[A-Za-z_][\w.]*)\s+in\s+\[(?P<list>[^\[\]]*)\]")
_QUOTED = re.compile(r"\"(?P<double>[^\"\\]*)\"|'(?P<single>[^'\\]*)'")
_MESSAGE = re.compile(r"jidoka\.T\d+")
_TYPE_WORDS = {
    "null_type": "null",
    "wrapper(string)": "text or null",
    "wrapper(int)": "whole number or null",
    "wrapper(double)": "number or null",
    "wrapper(bool)": "true/false or null",
    "string": "text",
    "int": "whole number",
    "double": "number",
    "bool": "true/false",
    "google.protobuf.Timestamp": "time",
    "google.protobuf.Duration": "duration",
}


def check_expressions(lowering: Lowering, types: Types) -> None:
    for site in lowering.sites:
        _check(lowering, types, site)


def _check(lowering: Lowering, types: Types, site: Site) -> None:
    if not site.source.strip():
        empty = "for an empty text write '\"\"'"
        lowering.report.add("J301", lowering.source.locate(site.path), "an empty expression", empty)
        return
    typed = types.check(site.source, site.names)
    if typed.complaints:
        # What the parser says after its first stumble is about the stumble.
        told = typed.complaints[:1] if _is_syntax(typed.complaints[0]) else typed.complaints
        for complaint in told:
            code, message, hint = _explain(complaint, types, site)
            lowering.report.add(code, _position(lowering, site, complaint), message, hint)
        return
    name = typed.name
    allowed = _ALLOWED.get(site.expected)
    if allowed is not None and name != "DYN" and not name.startswith(allowed):
        message = f"this gives {types.shape(site.source, site.names)}, here {_WANTED[site.expected]} is needed"
        lowering.report.add("J304", _position(lowering, site, None), message)
    elif name.startswith(_NO_JSON):
        lowering.report.add("J304", _position(lowering, site, None), f"{name.lower()} is not a JSON value")
    else:
        _evaluable(lowering, site)
        _comparisons(lowering, types, site)


def _evaluable(lowering: Lowering, site: Site) -> None:
    """The environment that evaluates must take the expression too; it knows less, so this rarely says anything."""
    try:
        compile_expression(site.source.strip(), site.names.extra)
    except InvalidInput as problem:
        lowering.report.add("J301", _position(lowering, site, None), problem.message)


def _comparisons(lowering: Lowering, types: Types, site: Site) -> None:
    """A text compared with an enumeration must be one of its values, or the comparison never changes."""
    for match in _COMPARED.finditer(site.source):
        _compare(lowering, types, site, match, match["double"] or match["single"] or "")
    for match in _LISTED.finditer(site.source):
        for text in _QUOTED.finditer(match["list"]):
            _compare(lowering, types, site, match, text["double"] or text["single"] or "")


def _compare(lowering: Lowering, types: Types, site: Site, match: re.Match[str], text: str) -> None:
    root, path = match["root"], match["path"]
    shape = declared(types.data if root == "data" else types.event(site.names), path)
    if shape is not None and shape.enum and text not in shape.enum:
        complaint = Complaint(1 + site.source.count("\n", 0, match.start()), match.start() + 1, "")
        hint = did_you_mean(text, shape.enum) or f"known: {', '.join(shape.enum)}"
        message = f"`{root}.{path}` is never `{text}`"
        lowering.report.add("J305", _position(lowering, site, complaint), message, hint)


def _position(lowering: Lowering, site: Site, complaint: Complaint | None) -> Position:
    """Inside the text where it stands on one line, else where the text begins."""
    start = lowering.source.locate(site.path)
    if lowering.source.walk(site.path) not in lowering.source.plain:
        return start
    column = complaint.column if complaint is not None and complaint.line == 1 else 1
    return replace(start, column=start.column + site.offset + column - 1)


def _explain(complaint: Complaint, types: Types, site: Site) -> tuple[str, str, str | None]:
    text = complaint.text
    if match := _UNDECLARED.search(text):
        if _is_call(complaint, site.source):
            return "J303", f"there is no function `{match[1]}` for these arguments", None
        return "J303", f"there is no name `{match[1]}` here", _suggest_name(match[1], types, site)
    if match := _UNDEFINED.search(text):
        if not site.names.facts and match[1] in types.facts.fields:
            return "J303", "facts cannot be read here", None
        name, fields = types.described(match[2])
        return "J303", f"{name} has no field `{match[1]}`", did_you_mean(match[1], fields) or _known(fields)
    if match := _OVERLOAD.search(text):
        operator, operands = _operator(match[1]), _in_words(match[2], types)
        return "J302", f"`{operator}` does not work on {operands}", _suggest_types(match[1], match[2])
    if _is_syntax(complaint):
        return "J301", _syntax(text), None
    return "J302", _MESSAGE.sub("a mapping", text[:200]), None


def _is_syntax(complaint: Complaint) -> bool:
    return any(words in complaint.text for words in ("Syntax error", "unsupported syntax", "reserved identifier"))


def _is_call(complaint: Complaint, source: str) -> bool:
    """Calls are complained about at their opening parenthesis."""
    lines = source.split("\n")[complaint.line - 1 : complaint.line]
    return any(line[complaint.column - 1 : complaint.column] == "(" for line in lines)


def _syntax(text: str) -> str:
    if "<EOF>" in text:
        return "the expression ends too early"
    return text.removeprefix("Syntax error: ").split(" expecting ")[0][:200]


def _known(fields: list[str]) -> str:
    return "known: " + ", ".join(sorted(fields)[:12]) if fields else "it has no fields"


def _suggest_name(name: str, types: Types, site: Site) -> str | None:
    data: Shape = types.data
    if name in data.fields:
        return f"did you mean `data.{name}`?"
    if name in types.event(site.names).fields:
        return f"did you mean `event.{name}`?"
    near = did_you_mean(name, types.known_names(site.names))
    if near is None and site.source.strip() == name and name.isidentifier():
        return f"for the text {name} write '\"{name}\"'"
    return near


def _operator(name: str) -> str:
    return name.strip("_").replace("_", " ").strip() if name.startswith("_") else name


def _in_words(operands: str, types: Types) -> str:
    words = [_TYPE_WORDS.get(part, part) for part in operands.strip("()").split(", ")]
    named = [_MESSAGE.sub(lambda match: types.described(match[0])[0], word) for word in words]
    return " and ".join(named)


def _suggest_types(operator: str, operands: str) -> str | None:
    if "double" in operands and "int" in operands:
        return "write numbers with a point, e.g. 10.0, or convert with double(…)"
    if "null_type" in operands:
        return "the schema does not allow null here; use has(…) for fields that may be absent"
    if "google.protobuf.Timestamp" in operands and "string" in operands:
        return "convert the text with timestamp(…)"
    if operator == "_[_]":
        return "read fields with a dot"
    return None
