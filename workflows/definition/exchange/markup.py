"""XML as a small tree with line numbers. No document types, no entities of its own, nothing is ever fetched.

A document type declaration is refused outright: it is the door to entity bombs and to reading files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from workflows.domain.errors import InvalidInput, PayloadTooLarge

MOST_BYTES = 2_000_000
MOST_DEPTH = 200


@dataclass(slots=True, eq=False)
class Element:
    """One element. Names without a namespace have an empty one; attributes of other namespaces are `{uri}name`."""

    namespace: str
    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""
    """All character data directly inside, joined."""

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    def all(self, *tags: str) -> Iterator[Element]:
        """Child elements with one of these tags, in document order."""
        return (child for child in self.children if child.tag in tags)


def parse(text: str | bytes) -> Element:
    """The root element.

    Raises:
        InvalidInput: not well-formed, or with a document type; the message names the line.
        PayloadTooLarge: longer than `MOST_BYTES`.
    """
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > MOST_BYTES:
        raise PayloadTooLarge(f"the document is longer than {MOST_BYTES} bytes")
    reader = _Reader(encoding="utf-8" if isinstance(text, str) else None)
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as problem:
        reason = expat.errors.messages.get(problem.code, "not well-formed")
        raise invalid(f"not well-formed XML: {reason}", problem.lineno) from problem
    assert reader.root is not None, "expat has refused documents without a root"
    return reader.root


def invalid(message: str, line: int) -> InvalidInput:
    """A refusal that names its line."""
    return InvalidInput(f"line {line}: {message}", details={"line": line})


class _Reader:
    def __init__(self, encoding: str | None) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self.parser = expat.ParserCreate(encoding, namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse_doctype(self, *_: object) -> None:
        raise invalid("document types and entities are not allowed", self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        if len(self._open) >= MOST_DEPTH:
            raise invalid(f"nested deeper than {MOST_DEPTH} elements", line)
        namespace, _, tag = name.rpartition(" ")
        named = {_attribute(key): value for key, value in attributes.items()}
        element = Element(namespace, tag, named, line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text


def _attribute(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    return f"{{{namespace}}}{local}" if namespace else local
