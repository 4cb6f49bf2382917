"""Data that enter an instance: normalised to the types that expressions were checked with, then validated.

A JSON number says nothing of its type: 5 and 5.0 are the same value. CEL tells them apart, so a value for schema
type `number` becomes a float and one for `integer` an int before any expression sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from workflows.domain.errors import InvalidInput

MOST_VIOLATIONS = 20
_INT64 = 2**63
_EXACT = 2**53
"""From here on not every whole number has a float."""

_Change = Callable[[Any], Any]


class Acceptance:
    """A schema made ready to take data in; made once, used for every payload."""

    def __init__(self, schema: Mapping[str, Any], *, require: Sequence[str] = ()) -> None:
        self._require = tuple(require)
        self._validator = Draft202012Validator(dict(schema), format_checker=Draft202012Validator.FORMAT_CHECKER)
        self._normalise = _Normaliser(schema).change(schema)

    def accept(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data, normalised.

        Raises:
            InvalidInput: with violations, at most 20.
        """
        normal = self.normal(data)
        found = self.violations(normal)
        if found:
            raise _invalid(found)
        return normal

    def normal(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data, normalised and not yet judged."""
        normal: dict[str, Any] = self._normalise(dict(data))
        return normal

    def violations(self, normal: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What normalised data lack or have wrong, at most 20 and what is missing first; a name appears once."""
        lacking = missing(normal, self._require)
        named = {item["field"] for item in lacking}
        wrong = [item for item in violations(self._validator, normal) if item["field"] not in named]
        return (lacking + wrong)[:MOST_VIOLATIONS]


def accept(validator: Draft202012Validator, data: Mapping[str, Any]) -> dict[str, Any]:
    """`Acceptance.accept` for a validator that already exists.

    Raises:
        InvalidInput: with violations, at most 20.
    """
    schema = validator.schema
    normal: dict[str, Any] = normalise(schema, dict(data)) if isinstance(schema, Mapping) else dict(data)
    found = violations(validator, normal)
    if found:
        raise _invalid(found)
    return normal


def normalise(schema: Mapping[str, Any], data: Any) -> Any:
    """The data with numbers of the type that the schema gives them; what does not fit is left as it is."""
    return _Normaliser(schema).change(schema)(data)


def missing(data: Mapping[str, Any], require: Sequence[str]) -> list[dict[str, Any]]:
    """Violations for required names that are absent, null or empty."""
    return [
        {"field": name, "value": data.get(name), "constraint": "is required"}
        for name in require
        if is_empty(data.get(name))
    ]


def is_empty(value: Any) -> bool:
    """Null, nothing, or a text of white space."""
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def violations(validator: Draft202012Validator, data: Any) -> list[dict[str, Any]]:
    """What breaks the schema: {"field", "value", "constraint"}, by field, at most 20."""
    found = [*(_too_large(data, ())), *(violation(problem) for problem in validator.iter_errors(data))]
    return sorted(found, key=lambda item: (item["field"], item["constraint"]))[:MOST_VIOLATIONS]


def violation(problem: ValidationError) -> dict[str, Any]:
    """A schema error in the form of `InvalidInput.violations`."""
    return {
        "field": ".".join(str(part) for part in problem.absolute_path),
        "value": problem.instance if not isinstance(problem.instance, dict | list) else None,
        "constraint": problem.message[:500],
    }


def _too_large(value: Any, path: tuple[str, ...]) -> list[dict[str, Any]]:
    """Whole numbers that no expression can hold."""
    if isinstance(value, dict):
        return [item for key, inner in value.items() for item in _too_large(inner, (*path, str(key)))]
    if isinstance(value, list):
        return [item for index, inner in enumerate(value) for item in _too_large(inner, (*path, str(index)))]
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return [{"field": ".".join(path), "value": str(value)[:40], "constraint": "does not fit into 64 bits"}]
    return []


def _invalid(found: list[dict[str, Any]]) -> InvalidInput:
    first = found[0]
    message = f"{first['field'] or 'the data'}: {first['constraint']}"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return InvalidInput(message + more, violations=found)


def _keep(value: Any) -> Any:
    return value


class _Normaliser:
    """Makes, for a schema, the function that normalises its values; references are followed once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._by_reference: dict[str, _Change] = {}

    def change(self, schema: Any) -> _Change:
        if not isinstance(schema, Mapping):
            return _keep
        changes = [self.change(part) for word in ("allOf", "anyOf", "oneOf") for part in schema.get(word, ())]
        changes += [self.change(schema[word]) for word in ("if", "then", "else") if word in schema]
        if isinstance(schema.get("$ref"), str):
            changes.append(self._referenced(schema["$ref"]))
        changes += [_number_change(schema), self._members(schema), self._items(schema)]
        real = [change for change in changes if change is not _keep]
        if len(real) <= 1:
            return real[0] if real else _keep

        def change_all(value: Any) -> Any:
            for change in real:
                value = change(value)
            return value

        return change_all

    def _referenced(self, reference: str) -> _Change:
        if reference not in self._by_reference:

            def follow(value: Any) -> Any:
                return self._by_reference[reference](value)

            # Put there first: a schema may refer to itself.
            self._by_reference[reference] = follow
            self._by_reference[reference] = self.change(_at(self._root, reference))
        return self._by_reference[reference]

    def _members(self, schema: Mapping[str, Any]) -> _Change:
        members = {name: self.change(part) for name, part in schema.get("properties", {}).items()}
        members = {name: change for name, change in members.items() if change is not _keep}
        other = self.change(schema.get("additionalProperties"))
        declared = frozenset(schema.get("properties", {}))
        if not members and other is _keep:
            return _keep

        def change_members(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            return {
                key: members[key](item) if key in members else item if key in declared else other(item)
                for key, item in value.items()
            }

        return change_members

    def _items(self, schema: Mapping[str, Any]) -> _Change:
        first = [self.change(part) for part in schema.get("prefixItems", ())]
        rest = self.change(schema.get("items"))
        if rest is _keep and all(change is _keep for change in first):
            return _keep

        def change_items(value: Any) -> Any:
            if not isinstance(value, list):
                return value
            return [(first[i] if i < len(first) else rest)(item) for i, item in enumerate(value)]

        return change_items


def _number_change(schema: Mapping[str, Any]) -> _Change:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "number" in kinds:
        return _to_float
    return _to_int if "integer" in kinds else _keep


def _to_float(value: Any) -> Any:
    return float(value) if type(value) is int and abs(value) <= _EXACT else value


def _to_int(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() and abs(value) < _INT64 else value


def _at(root: Mapping[str, Any], reference: str) -> Any:
    value: Any = root
    for part in reference.removeprefix("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
