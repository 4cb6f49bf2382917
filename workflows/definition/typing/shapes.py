"""What a JSON Schema says about types, as far as expressions can use it.

Where a schema is wider than a type (unions, conditions, open objects) the shape is `dyn`: nothing is checked there
before run time. Rather too little than a refusal of what works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["dyn", "string", "int", "double", "bool", "null", "list", "map", "object"]

_JSON_KINDS: dict[str, Kind] = {
    "string": "string",
    "integer": "int",
    "number": "double",
    "boolean": "bool",
    "null": "null",
    "array": "list",
    "object": "object",
}
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_CEL_WORDS = {"true", "false", "null", "in"}
MOST_FIELDS = 2000


@dataclass(slots=True, eq=False)
class Shape:
    """A type; objects may contain themselves."""

    kind: Kind
    nullable: bool = False
    items: Shape | None = None
    """Of a list, and the values of a map."""
    fields: dict[str, Shape] = field(default_factory=dict)
    """Of an object."""
    enum: tuple[str, ...] = ()
    """Of a string: the only values."""
    schema: Mapping[str, Any] | None = None
    """Where it comes from, for the check of literals."""
    message: str = ""
    """Of an object: name of its CEL type, given when the types are declared."""

    def __str__(self) -> str:
        return _WORDS[self.kind] + (" or null" if self.nullable else "")


_WORDS: dict[Kind, str] = {
    "dyn": "any value",
    "string": "a text",
    "int": "a whole number",
    "double": "a number",
    "bool": "true or false",
    "null": "null",
    "list": "a list",
    "map": "a mapping",
    "object": "a mapping",
}

DYN = Shape("dyn")
NULL = Shape("null")


def shape_of(schema: Mapping[str, Any] | None, root: Mapping[str, Any] | None = None) -> Shape:
    """The shape of a schema; `root` is where its references point into, the schema itself by default."""
    if schema is None:
        return DYN
    return _Shaper(root if root is not None else schema).shape(schema)


def object_of(fields: Mapping[str, Shape]) -> Shape:
    return Shape("object", fields=dict(fields))


def declared(shape: Shape, path: str) -> Shape | None:
    """The shape at a dotted path; None when nothing is declared there."""
    for name in path.split("."):
        if shape.kind == "object":
            found = shape.fields.get(name)
            if found is None:
                return None
            shape = found
        elif shape.kind in ("map", "dyn"):
            shape = shape.items or DYN
        else:
            return None
    return shape


class _Shaper:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._by_reference: dict[str, Shape] = {}

    def shape(self, schema: Any) -> Shape:
        if not isinstance(schema, Mapping):
            return DYN
        if isinstance(schema.get("$ref"), str):
            return self._referenced(schema["$ref"])
        if "allOf" in schema or "not" in schema:
            schema = self._merged(schema)
        alternatives = schema.get("anyOf") or schema.get("oneOf")
        if alternatives and "type" not in schema and "properties" not in schema:
            return self._union([self.shape(part) for part in alternatives])
        kinds = _kinds(schema)
        nullable = "null" in kinds and len(kinds) > 1
        plain: list[Kind] = [kind for kind in kinds if kind != "null"] or kinds
        if len(plain) != 1:
            return Shape("dyn", schema=schema)
        return self._plain(plain[0], nullable, schema)

    def _plain(self, kind: Kind, nullable: bool, schema: Mapping[str, Any]) -> Shape:
        if kind == "list":
            return Shape("list", nullable, items=self.shape(schema.get("items")), schema=schema)
        if kind == "object":
            return self._object(nullable, schema)
        words = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        enum = tuple(word for word in words if isinstance(word, str)) if kind == "string" else ()
        return Shape(kind, nullable, enum=enum, schema=schema)

    def _object(self, nullable: bool, schema: Mapping[str, Any]) -> Shape:
        shape = Shape("object", nullable, schema=schema)
        self._fill(shape, schema)
        return shape

    def _fill(self, shape: Shape, schema: Mapping[str, Any]) -> None:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        if not properties and isinstance(others, Mapping) and others:
            shape.kind, shape.items = "map", self.shape(others)
        elif _open(schema) or len(properties) > MOST_FIELDS:
            shape.kind, shape.items = "map", DYN
        else:
            # Filled in place: a shape that contains itself is copied before it is complete.
            for name, part in properties.items():
                if _readable(name):
                    shape.fields[name] = self.shape(part)

    def _referenced(self, reference: str) -> Shape:
        """One shape for a reference, there before it is filled, so that a schema may refer to itself."""
        if reference not in self._by_reference:
            target = _at(self._root, reference)
            if isinstance(target, Mapping) and _kinds(target) == ["object"] and not _composed(target):
                shape = self._by_reference[reference] = Shape("object", schema=target)
                self._fill(shape, target)
            else:
                self._by_reference[reference] = DYN
                self._by_reference[reference] = self.shape(target)
        return self._by_reference[reference]

    def _union(self, shapes: list[Shape]) -> Shape:
        """One shape and null make that shape nullable; anything wider is dyn."""
        real = [shape for shape in shapes if shape.kind != "null"]
        if len(real) == 1 and real[0].kind != "dyn":
            only = real[0]
            if len(shapes) == 1 or only.nullable:
                return only
            fields, message = only.fields, only.message
            return Shape(only.kind, True, only.items, fields, only.enum, only.schema, message)
        return DYN

    def _merged(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """`allOf` laid together where only properties are added; else nothing is known."""
        merged: dict[str, Any] = {key: item for key, item in schema.items() if key not in ("allOf", "not")}
        for part in schema.get("allOf", ()):
            while isinstance(part, Mapping) and set(part) == {"$ref"}:
                part = _at(self._root, part["$ref"])  # noqa: PLW2901  followed to where it leads
            if not isinstance(part, Mapping) or _composed(part):
                return {}
            if "if" in part:
                continue
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            merged = {**part, **merged, **({"properties": properties} if properties else {})}
        return merged


def _composed(schema: Mapping[str, Any]) -> bool:
    return any(word in schema for word in ("allOf", "anyOf", "oneOf", "$ref"))


def _kinds(schema: Mapping[str, Any]) -> list[Kind]:
    """Kinds that a schema allows, by its `type`, or by its constants."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [_JSON_KINDS.get(kind, "dyn")]
    if isinstance(kind, list):
        kinds: list[Kind] = [_JSON_KINDS.get(item, "dyn") for item in kind if isinstance(item, str)]
        # A whole number is a number: together they are one.
        return [item for item in kinds if item != "int"] if "double" in kinds else kinds
    if "enum" in schema or "const" in schema:
        return _kinds_of_values(schema.get("enum", [schema.get("const")]))
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    return ["dyn"]


def _kinds_of_values(values: list[Any]) -> list[Kind]:
    kinds: list[Kind] = []
    for value in values:
        kind = kind_of_value(value)
        if kind not in kinds:
            kinds.append(kind)
    return ["dyn"] if {"int", "double"} <= set(kinds) else kinds


def kind_of_value(value: Any) -> Kind:
    """The kind of a JSON value."""
    if value is None:
        return "null"
    for type_, kind in _VALUE_KINDS:
        if isinstance(value, type_):
            return kind
    return "dyn"


_VALUE_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (list, "list"),
    (dict, "object"),
)


def _open(schema: Mapping[str, Any]) -> bool:
    """Whether other fields than the declared ones may stand in the object and be read."""
    others = schema.get("additionalProperties")
    return (
        not schema.get("properties") or others is True or isinstance(others, Mapping) or "patternProperties" in schema
    )


def _readable(name: str) -> bool:
    """Whether `data.NAME` can be written in CEL."""
    return _FIELD.fullmatch(name) is not None and name not in _CEL_WORDS


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
