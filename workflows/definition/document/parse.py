"""From the values of a file to the typed document: every structural problem at once, each at its position.

What is wrong is left out and the rest is validated again, so that a document comes back whenever its skeleton
stands and later phases can speak about the parts that are well-formed.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from workflows.definition.diagnostics import Report
from workflows.definition.document.actions import KINDS
from workflows.definition.document.base import Context
from workflows.definition.document.process import ProcessDocument
from workflows.definition.document.scenarios import STEPS
from workflows.definition.reader import Path, Source
from workflows.definition.suggestions import did_you_mean

_ROUNDS = 60
"""Each round removes at least one value; a file with more broken places than this has been told enough."""

_PLACEHOLDERS = {"process": "unnamed", "version": "0.0.0", "title": ""}

_SPOKEN = {"name": "J104", "spoken_step": "J103", "not_an_action": "J107", "not_a_step": "J103", "schema": "J103"}
"""Errors whose message is ours -> code."""
_EMPTY = ("too_short", "string_too_short")
_NOTHING = object()

_TYPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}


def parse(source: Source, report: Report) -> ProcessDocument | None:
    """The document; None when not even its skeleton stands."""
    paths: dict[int, Path] = {}
    tree = _copy(source.value, (), paths)
    for attempt in range(_ROUNDS):
        context = Context(paths)
        try:
            document = ProcessDocument.model_validate(tree, context=context)
        except ValidationError as problem:
            errors = problem.errors(include_url=False)
            if attempt == 0:
                _report(context, errors, source, report)
            if not _prune(tree, errors):
                return None
        else:
            if attempt == 0:
                _report(context, [], source, report)
            return document
    return None


def _copy(value: Any, path: Path, paths: dict[int, Path]) -> Any:
    """A copy that may be pruned, with every mapping of it filed under its identity."""
    if isinstance(value, dict):
        copied: Any = {key: _copy(item, (*path, key), paths) for key, item in value.items()}
        paths[id(copied)] = path
        return copied
    if isinstance(value, list):
        return [_copy(item, (*path, index), paths) for index, item in enumerate(value)]
    return value


def _report(context: Context, errors: list[ErrorDetails], source: Source, report: Report) -> None:
    for unknown in context.problems:
        report.add(unknown.code, source.locate(unknown.path, key=True), unknown.message, unknown.suggestion)
    for error in errors:
        _explain(error, source, report)


def _explain(error: ErrorDetails, source: Source, report: Report) -> None:
    kind, path = error["type"], error["loc"]
    if kind == "missing":
        owner = source.walk(path[:-1])
        report.add("J102", source.locate(owner, key=True), f"`{path[-1]}` is missing")
        return
    is_key = path[-1] == "[key]" if path else False
    position = source.locate(path[:-1] if is_key else path, key=is_key)
    code, message = _message(error, path)
    report.add(code, position, message, _suggestion(error))


def _message(error: ErrorDetails, path: Path) -> tuple[str, str]:
    kind = error["type"]
    label = next((f"`{item}`" for item in reversed(path) if isinstance(item, str) and item[:1] not in "<["), "it")
    if kind in _SPOKEN:
        return _SPOKEN[kind], error["msg"]
    if kind == "mapping":
        return "J103", f"{error['msg']}, not {_shown(error['input'])}"
    if kind == "too_long":
        return "J103", f"{label} has more items than the {error.get('ctx', {}).get('max_length')} that are possible"
    if kind in _EMPTY:
        return "J103", f"{label} must not be empty"
    if kind in _TYPES:
        return "J103", f"{label} must be {_TYPES[kind]}, not {_shown(error['input'])}"
    if kind == "literal_error":
        expected = str(error.get("ctx", {}).get("expected")).replace("True", "true")
        return "J103", f"{label} must be {expected}, not {_shown(error['input'])}"
    return "J103", f"{label}: {error['msg'].replace('Input should be', 'must be')}"


def _suggestion(error: ErrorDetails) -> str | None:
    """Quotes for a number that stands for a text; the key that tells the kind of a mapping, when it is misspelt."""
    if error["type"] == "string_type" and isinstance(error["input"], int | float | bool):
        return "write it in quotes"
    known = {"not_an_action": KINDS, "not_a_step": STEPS}.get(error["type"])
    if known is None or not isinstance(error["input"], dict):
        return None
    return next((hint for key in error["input"] if (hint := did_you_mean(key, known))), None)


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return f"`{text[:40]}{'…' if len(text) > 40 else ''}`"


def _prune(tree: Any, errors: list[ErrorDetails]) -> bool:
    """Take out what the errors point at; False when the root itself would have to go."""
    broken = {_broken(tree, error) for error in errors}
    if () in broken:
        return _fill_in(tree, errors)
    for path in sorted(broken, key=_from_the_end):
        owner: Any = tree
        for part in path[:-1]:
            owner = owner[part]
        del owner[path[-1]]
    return True


def _from_the_end(path: Path) -> tuple[int, list[int]]:
    """Deeper paths first, later items of a list before earlier ones, so that no removal moves another."""
    return -len(path), [-part if isinstance(part, int) else 0 for part in path]


def _broken(tree: Any, error: ErrorDetails) -> Path:
    """Path in the tree of the smallest thing whose removal takes the error away."""
    path: list[str | int] = []
    value: Any = tree
    for part in error["loc"]:
        inner = _inside(value, part)
        if inner is not _NOTHING:
            value = inner
            path.append(part)
    return tuple(path)


def _inside(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part, _NOTHING)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return _NOTHING


def _fill_in(tree: dict[str, Any], errors: list[ErrorDetails]) -> bool:
    """Placeholders for what is missing at the root, so that the rest is looked at."""
    missing = {str(error["loc"][0]) for error in errors if error["type"] == "missing" and len(error["loc"]) == 1}
    if not missing or not missing <= _PLACEHOLDERS.keys():
        return False
    tree.update({key: _PLACEHOLDERS[key] for key in missing})
    return True
