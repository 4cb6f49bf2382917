"""What is wrong with a definition, where, and what to do about it.

Codes are stable: people look them up, tests and editors compare them. The table in `definitions/README.md` is
held equal to `CODES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]

CODES: dict[str, tuple[Severity, str]] = {
    # Reading
    "J001": ("error", "The text is not well-formed YAML."),
    "J002": ("error", "A key stands twice in one mapping."),
    "J003": ("error", "Anchors and aliases are not used."),
    "J004": ("error", "Tags and directives are not used."),
    "J005": ("error", "Merge keys are not used."),
    "J006": ("error", "A key is not a string."),
    "J007": ("error", "More than one document in a file."),
    "J008": ("error", "The document is larger than 512 KB."),
    "J009": ("error", "The document is nested deeper than 40 levels."),
    "J010": ("error", "The document is empty or not a mapping."),
    "J011": ("error", "A number is outside the range of 64 bits."),
    "J012": ("error", "The definition has more states or common transitions than the compiler takes."),
    # Shape
    "J101": ("error", "An unknown key."),
    "J102": ("error", "A required key is missing."),
    "J103": ("error", "A value has the wrong shape."),
    "J104": ("error", "A name is not allowed or is reserved."),
    "J105": ("error", "Not supported yet."),
    "J106": ("error", "Not a duration, a date-time or an expression that gives one."),
    "J107": ("error", "Not an action."),
    "J108": ("error", "A text with a hole that cannot be read."),
    "J109": ("error", "Keys that do not go together."),
    "J110": ("error", "A number pattern that cannot be read."),
    # Schemas
    "J120": ("error", "A file cannot be read."),
    "J121": ("error", "Not a JSON Schema."),
    "J122": ("error", "A reference in a schema leads nowhere."),
    # Calendars
    "J130": ("error", "A calendar without any working time."),
    # Structure
    "J201": ("error", "A state that does not exist."),
    "J202": ("error", "An id that is used twice."),
    "J203": ("error", "A state whose parts contradict each other."),
    "J204": ("error", "Targets that cannot be active together."),
    "J205": ("error", "A transition that can never be taken."),
    "J206": ("error", "`cancel` of an id that no `send` has."),
    # Expressions
    "J301": ("error", "An expression with a syntax error."),
    "J302": ("error", "An expression with a type error."),
    "J303": ("error", "An expression reads a name or a field that does not exist."),
    "J304": ("error", "An expression gives another type than its place needs."),
    "J305": ("error", "An expression compares with a value that cannot occur."),
    # Calls, roles, data
    "J401": ("error", "An action that is not registered."),
    "J402": ("error", "A fact that is not registered."),
    "J403": ("error", "A process that is not known."),
    "J404": ("error", "A role that is not known."),
    "J405": ("error", "An argument is missing."),
    "J406": ("error", "An argument the call does not have."),
    "J407": ("error", "An argument of the wrong type."),
    "J408": ("error", "`set` of a path that the data schema does not declare."),
    "J409": ("error", "`set` of a value of the wrong type."),
    "J410": ("error", "A form field contradicts the data schema."),
    "J411": ("error", "`require` of a field that the form does not have."),
    # Behaviour
    "J501": ("error", "A state that cannot be reached."),
    "J502": ("warning", "A state with no way out."),
    "J503": ("error", "Eventless transitions that go round without end."),
    "J504": ("error", "Parallel regions that can never all be done."),
    "J505": ("warning", "No refusal code when no guard holds."),
    "J506": ("warning", "People wait without a due time."),
    "J507": ("warning", "A transition that only the system may take, and nothing raises it."),
    "J508": ("warning", "Nobody may start an instance."),
    "J509": ("warning", "An event is raised that no transition takes."),
    "J510": ("warning", "A failure that no alternative of `failed` may take is lost."),
    "J601": ("warning", "Data that nothing sets."),
    "J602": ("warning", "A fact that nothing reads."),
    "J603": ("warning", "A transition that no scenario takes."),
    "J604": ("error", "A scenario names something that does not exist."),
    "J605": ("warning", "A decision table that nothing reads."),
    # Decision tables
    "J701": ("error", "A decision table leaves a case without a rule."),
    "J702": ("error", "Rules of a decision table hold together where only one may."),
    "J703": ("warning", "A rule of a decision table that is never taken."),
    "J704": ("info", "A part of a decision table that could not be checked for gaps and overlaps."),
    "J705": ("error", "A column that the decision table does not have, or an output that is left out."),
    "J706": ("error", "An output of a decision table of the wrong type."),
    "J707": ("error", "A decision table that does not exist."),
    # People
    "J801": ("error", "`not_by` names a transition that does not exist."),
    "J802": ("error", "A quorum that needs more votes than people vote."),
    "J803": ("error", "A quorum about a code that is no vote."),
    "J804": ("error", "Fewer people can vote than the quorum counts on."),
    "J805": ("error", "What people are asked for does not go together."),
    "J806": ("error", "Separation of duties that keeps everybody away."),
    "J807": ("warning", "A state in which nobody can say what is waited for."),
}  # fmt: skip


MOST = 500
"""Diagnostics of one file; a file with more has one mistake in many places."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column, both counted from 1."""

    line: int
    column: int
    file: str = ""
    """Where it is not the file of the report: a file that this one includes."""


START = Position(1, 1)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong or doubtful, with its place; codes are listed in the manual of the language."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code} {self.message}{hint}"

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "suggestion": self.suggestion,
        }


class Report:
    """Collects the diagnostics of one file; the phases write into it and never stop at the first."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.failed = False
        """There is an error."""
        self._found: dict[Diagnostic, None] = {}
        self._codes: set[str] = set()

    @property
    def found(self) -> list[Diagnostic]:
        """In the order in which they were found, each once, no more than anybody reads."""
        return list(self._found)

    def add(self, code: str, position: Position, message: str, suggestion: str | None = None) -> None:
        severity = CODES[code][0]
        file = position.file or self.file
        self.adopt(Diagnostic(code, severity, file, position.line, position.column, message, suggestion))

    def adopt(self, diagnostic: Diagnostic) -> None:
        """Take over what was found in a file that this one includes."""
        code, severity = diagnostic.code, diagnostic.severity
        is_first_error = severity == "error" and not self.failed
        if len(self._found) < MOST or is_first_error:
            self._found[diagnostic] = None
        self.failed = self.failed or severity == "error"
        self._codes.add(code)

    def has(self, *codes: str) -> bool:
        """Whether one of these codes was reported."""
        return not self._codes.isdisjoint(codes)

    def sorted(self) -> list[Diagnostic]:
        """By position, then code; those in included files last."""

        def place(item: Diagnostic) -> tuple[bool, str, int, int, str, str]:
            return item.file != self.file, item.file, item.line, item.column, item.code, item.message

        return sorted(self._found, key=place)
