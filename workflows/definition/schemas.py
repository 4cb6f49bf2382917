"""JSON Schemas of a definition: inline or beside it, references bundled, so that a Program needs no other file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from workflows.definition.diagnostics import Report
from workflows.definition.reader import Path, Source

ReadFile = Callable[[str], str]
"""Text of a file by its path relative to the definition; raises OSError or ValueError when it may not be read."""


MAX_DEPTH = 60
_VALUES = ("default", "enum", "const", "examples", "x-order")
"""Keywords that hold values, not schemas."""
_OF_FILES = ("$schema", "$id")


class UnreadableSchema(Exception):
    """A schema could not be loaded; carries the diagnostic code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SchemaLoader:
    """Loads and bundles the schemas of one definition; each file is read once."""

    def __init__(self, source: Source, report: Report, read_file: ReadFile | None) -> None:
        self._source = source
        self._report = report
        self._read_file = read_file
        self._files: dict[str, Any] = {}
        self._loaded: dict[str | Path, dict[str, Any]] = {}
        """By file, or by the place of an inline schema: the same form is often asked for."""

    def load(self, reference: str | dict[str, Any], at: Path) -> dict[str, Any] | None:
        """The bundled schema; None after a diagnostic at that path."""
        key = reference if isinstance(reference, str) else at
        if key not in self._loaded:
            schema = self._load(reference, at)
            if schema is None:
                return None
            self._loaded[key] = schema
        return self._loaded[key]

    def _load(self, reference: str | dict[str, Any], at: Path) -> dict[str, Any] | None:
        try:
            if isinstance(reference, str):
                schema = _Bundle(self._file).bundle(self._file(reference), reference)
            else:
                schema = _Bundle(self._file).bundle(reference, "")
            Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
            _check_pointers(schema, schema)
            _check_circles(schema)
        except UnreadableSchema as problem:
            self._report.add(problem.code, self._source.locate(at), str(problem))
        except SchemaError as problem:
            inside = tuple(problem.absolute_path) if isinstance(reference, dict) else ()
            place = "".join(f"/{part}" for part in problem.absolute_path) or "/"
            message = f"not a JSON Schema, at {place}: {problem.message[:200]}"
            self._report.add("J121", self._source.locate((*at, *inside)), message)
        else:
            ordered: dict[str, Any] = _in_order(schema)
            return ordered
        return None

    def _file(self, name: str) -> dict[str, Any]:
        if name not in self._files:
            self._files[name] = self._read(name)
        found = self._files[name]
        if not isinstance(found, dict):
            raise UnreadableSchema("J121", f"`{name}` is not a JSON Schema: not an object")
        return found

    def _read(self, name: str) -> Any:
        if self._read_file is None:
            raise UnreadableSchema("J120", f"`{name}` cannot be read: only schemas inside the definition here")
        try:
            schema = json.loads(self._read_file(name))
        except (OSError, ValueError, RecursionError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
            raise UnreadableSchema("J120", f"`{name}` cannot be read: {reason}") from problem
        if _deeper_than(schema, MAX_DEPTH):
            raise UnreadableSchema("J121", f"`{name}` is nested deeper than {MAX_DEPTH} levels")
        return schema


class _Bundle:
    """Moves every other file that a schema refers to under its `$defs`."""

    def __init__(self, file: Callable[[str], dict[str, Any]]) -> None:
        self._file = file
        self._names: dict[str, str] = {}
        self._definitions: dict[str, Any] = {}

    def bundle(self, schema: dict[str, Any], name: str) -> dict[str, Any]:
        whole = self._rewrite(schema, name, "#")
        if self._definitions:
            whole = {**whole, "$defs": {**whole.get("$defs", {}), **self._definitions}}
        return {key: item for key, item in whole.items() if key not in _OF_FILES}

    def _rewrite(self, value: Any, file: str, root: str) -> Any:
        if isinstance(value, list):
            return [self._rewrite(item, file, root) for item in value]
        if not isinstance(value, dict):
            return value
        return {key: self._rewritten(key, item, file, root) for key, item in value.items()}

    def _rewritten(self, key: str, item: Any, file: str, root: str) -> Any:
        if key in _VALUES:
            return item
        if key == "$ref" and isinstance(item, str):
            return self._reference(item, file, root)
        return self._rewrite(item, file, root)

    def _reference(self, reference: str, file: str, root: str) -> str:
        target, _, pointer = reference.partition("#")
        if not target:
            return root + pointer
        if "://" in target:
            raise UnreadableSchema("J122", f"`{reference}`: schemas are files beside the definition")
        path = str(PurePosixPath(file).parent / target)
        return f"#/$defs/{self._included(path)}{pointer}"

    def _included(self, path: str) -> str:
        if path not in self._names:
            stem = PurePosixPath(path).name.split(".")[0] or "schema"
            name = stem if stem not in self._names.values() else f"{stem}_{len(self._names)}"
            self._names[path] = name
            self._definitions[name] = None
            whole = self._rewrite(self._file(path), path, f"#/$defs/{name}")
            self._definitions[name] = {key: item for key, item in whole.items() if key not in _OF_FILES}
        return self._names[path]


def _check_pointers(value: Any, root: dict[str, Any]) -> None:
    if isinstance(value, list):
        for item in value:
            _check_pointers(item, root)
    elif isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            resolve_pointer(root, reference)
        for key, item in value.items():
            if key not in _VALUES:
                _check_pointers(item, root)


def _check_circles(root: dict[str, Any]) -> None:
    """A schema that refers to itself for the same value would be followed for ever."""
    done: set[int] = set()

    def follow(schema: Any, way: tuple[int, ...]) -> None:
        if not isinstance(schema, dict) or id(schema) in done:
            return
        if id(schema) in way:
            raise UnreadableSchema("J122", f"`{schema.get('$ref', '#')}` leads back to itself")
        inner = [part for word in ("allOf", "anyOf", "oneOf") for part in schema.get(word, ())]
        inner += [schema[word] for word in ("not", "if", "then", "else") if word in schema]
        if isinstance(schema.get("$ref"), str):
            inner.append(resolve_pointer(root, schema["$ref"]))
        for part in inner:
            follow(part, (*way, id(schema)))
        done.add(id(schema))

    for schema in _all_mappings(root):
        follow(schema, ())


def _all_mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _all_mappings(item)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _all_mappings(item)


def _in_order(value: Any) -> Any:
    """With the order of properties noted as `x-order`: people see fields in it, and canonical JSON would lose it."""
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {key: item if key in _VALUES else _in_order(item) for key, item in value.items()}
    properties = value.get("properties")
    if isinstance(properties, dict) and len(properties) > 1 and "x-order" not in value:
        schema["x-order"] = list(properties)
    return schema


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def resolve_pointer(root: dict[str, Any], reference: str) -> Any:
    """What `#/a/b` points at.

    Raises:
        UnreadableSchema: nothing there.
    """
    value: Any = root
    for part in reference.removeprefix("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise UnreadableSchema("J122", f"`{reference}` leads nowhere")
    return value
