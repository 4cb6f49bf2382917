"""Strict YAML to plain values with the position of every key and value; the only file that imports yaml.

Strict means: one document, a tree (no anchors, aliases, merge keys), JSON types only (no tags), string keys, no key
twice, limits on size and depth. Plain scalars are `true`, `false`, `null` and numbers exactly as JSON writes them;
all else (`on`, `yes`, `1:30`, `2026-01-31`, `0x1F`, `~`) is a string. Knows nothing of processes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from workflows.definition.diagnostics import START, Position, Report

MAX_BYTES = 512 * 1024
MAX_DEPTH = 40

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "": None}
_LONGEST_INTEGER = 20
_INT64 = 2**63
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Source:
    """The values of a file and where they stand."""

    value: Any
    keys: dict[Path, Position] = field(default_factory=dict)
    """Path of an entry of a mapping -> position of its key."""
    values: dict[Path, Position] = field(default_factory=dict)
    """Path -> position of the first character of the value (inside quotes for quoted scalars)."""
    plain: set[Path] = field(default_factory=set)
    """Paths of strings written on one line, where an offset into the string is an offset into the line."""

    def locate(self, path: Path, *, key: bool = False) -> Position:
        """Position of a path, or of its nearest ancestor that stands in the file.

        Elements that are not in the file are skipped: the index of a list that was written as a single item.
        """
        found = self.walk(path)
        if key and found in self.keys:
            return self.keys[found]
        return self.values.get(found, START)

    def walk(self, path: Path) -> Path:
        """The path as it stands in the file."""
        value, found = self.value, []
        for element in path:
            if isinstance(value, dict) and element in value:
                value = value[str(element)]
            elif isinstance(value, list) and isinstance(element, int) and element < len(value):
                value = value[element]
            else:
                continue
            found.append(element)
        return tuple(found)


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen."""

    path: Path
    value: dict[str, Any] | list[Any]
    key: str | None = None
    """Mapping: the key that waits for its value."""
    awaits_value: bool = False
    """Mapping: the next node is a value (also that of a key that was refused: `key` is None then)."""

    def place(self) -> Path | None:
        """Path of the next value; None when it belongs to a refused key."""
        if isinstance(self.value, list):
            return (*self.path, len(self.value))
        return None if self.key is None else (*self.path, self.key)

    def put(self, value: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
            return
        if self.key is not None:
            self.value[self.key] = value
        self.key, self.awaits_value = None, False


class _Composer:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.source = Source(None)
        self.stack: list[_Open] = []
        self.complete = False

    def take(self, event: Event) -> bool:
        """Take the next event; False when reading on makes no sense."""
        if isinstance(event, DocumentStartEvent):
            return self._start_document(event)
        if isinstance(event, AliasEvent):
            self.report.add("J003", _position(event), f"alias `*{event.anchor}`", "write the value out")
            return self._node(event, None)
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            done = self.stack.pop()
            return self._finish(done.value)
        if isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
            self._refuse_properties(event)
            return self._node(event, event)
        return True

    def _start_document(self, event: DocumentStartEvent) -> bool:
        if event.tags:
            self.report.add("J004", _position(event), "a %TAG directive")
        if self.complete:
            self.report.add("J007", _position(event), "a second document starts here", "one process to a file")
        return not self.complete

    def _refuse_properties(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        if event.anchor:
            self.report.add("J003", _position(event), f"anchor `&{event.anchor}`", "write the value out")
        if event.tag is not None:
            self.report.add("J004", _position(event), f"tag `{event.tag}`", "quote the value to make it a text")

    def _node(self, event: Event, node: Event | None) -> bool:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and not top.awaits_value:
            return self._key(top, event)
        path = () if top is None else top.place()
        if path is not None:
            self.source.values[path] = _position(event)
        if isinstance(node, MappingStartEvent | SequenceStartEvent):
            return self._push(node, path)
        return self._finish(self._scalar(node, path) if isinstance(node, ScalarEvent) else None)

    def _push(self, event: MappingStartEvent | SequenceStartEvent, path: Path | None) -> bool:
        if len(self.stack) >= MAX_DEPTH:
            self.report.add("J009", _position(event), f"nested deeper than {MAX_DEPTH} levels")
            return False
        empty: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        # What hangs under a refused key is still read, for its own diagnostics, and then dropped.
        self.stack.append(_Open(path if path is not None else ("\0",), empty))
        return True

    def _finish(self, value: Any) -> bool:
        if self.stack:
            self.stack[-1].put(value)
        else:
            self.source.value, self.complete = value, True
        return True

    def _key(self, mapping: _Open, event: Event) -> bool:
        mapping.awaits_value, mapping.key = True, None
        position = _position(event)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            self.report.add("J006", position, "a key is a text, not a mapping or a list")
            return False
        if not isinstance(event, ScalarEvent):
            return True
        text, plain = event.value, not event.style
        if plain and text == "<<":
            self.report.add("J005", position, "merge key `<<`", "write the keys out")
        elif plain and (text in _WORDS or _FLOAT.fullmatch(text)):
            self.report.add("J006", position, f"the key `{text}` is not a text", f'write "{text}" in quotes')
        elif text in mapping.value:
            first = self.source.keys[(*mapping.path, text)]
            self.report.add("J002", position, f"`{text}` stands twice, first in line {first.line}")
        else:
            mapping.key = text
            self.source.keys[(*mapping.path, text)] = position
        return True

    def _scalar(self, event: ScalarEvent, path: Path | None) -> Any:
        text, position = event.value, _position(event)
        if event.style or not (text in _WORDS or _FLOAT.fullmatch(text)):
            if path is not None and _one_line(event):
                self.source.plain.add(path)
                if event.style in ("'", '"'):
                    self.source.values[path] = Position(position.line, position.column + 1)
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            number = int(text) if len(text) <= _LONGEST_INTEGER else _INT64
            if -_INT64 <= number < _INT64:
                return number
        elif abs(value := float(text)) != float("inf"):
            return value
        self.report.add("J011", position, f"{text[:30]} is too large", "quote it if it is an identifier")
        return 0


def read(text: str, report: Report) -> Source | None:
    """The values of a YAML text; None when the text is unreadable or not a mapping.

    Problems are added to the report; as far as possible reading goes on after them.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        report.add("J008", START, f"the document has more than {MAX_BYTES // 1024} KB")
        return None
    composer = _Composer(report)
    try:
        for event in _events(text):
            if not composer.take(event):
                return None
    except yaml.YAMLError as problem:
        _malformed(problem, text, report)
        return None
    except UnicodeEncodeError as problem:
        report.add("J001", _at_index(text, problem.start), "a character that is not Unicode text")
        return None
    if not isinstance(composer.source.value, dict):
        report.add("J010", START, "a definition is a mapping that starts with `process:`")
        return None
    return composer.source


def _events(text: str) -> Iterator[Event]:
    events: Iterator[Event] = yaml.parse(text, Loader=_LOADER)
    return events


def _one_line(event: ScalarEvent) -> bool:
    start, end = event.start_mark, event.end_mark
    return start is not None and end is not None and start.line == end.line


def _position(event: Event) -> Position:
    mark = event.start_mark
    assert mark is not None, "parsed events have marks"
    return Position(mark.line + 1, mark.column + 1)


def _malformed(problem: yaml.YAMLError, text: str, report: Report) -> None:
    if isinstance(problem, yaml.MarkedYAMLError):
        mark = problem.problem_mark or problem.context_mark
        position = Position(mark.line + 1, mark.column + 1) if mark else START
        message = ", ".join(str(part) for part in (problem.context, problem.problem) if part)
        lines = text.splitlines()
        line = lines[position.line - 1] if position.line <= len(lines) else ""
        hint = "indent with spaces, not tabs" if "\t" in line else None
        report.add("J001", position, message, hint)
        return
    index = getattr(problem, "position", 0)
    reason = getattr(problem, "reason", None) or "unreadable text"
    report.add("J001", _at_index(text, index if isinstance(index, int) else 0), str(reason))


def _at_index(text: str, index: int) -> Position:
    before = text[:index]
    return Position(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)
