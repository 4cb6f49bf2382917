"""Shapes as protobuf messages, the form in which CEL takes object types; only descriptors, never values."""

from __future__ import annotations

from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2, wrappers_pb2

from workflows.definition.typing.shapes import Shape

PACKAGE = "jidoka"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "int": _Field.TYPE_INT64,
    "double": _Field.TYPE_DOUBLE,
    "bool": _Field.TYPE_BOOL,
}
WRAPPERS = {"string": "StringValue", "int": "Int64Value", "double": "DoubleValue", "bool": "BoolValue"}
_VALUE = ".google.protobuf.Value"
_STRUCT = ".google.protobuf.Struct"
_LIST = ".google.protobuf.ListValue"
_FIRST_RESERVED, _RESERVED = 19_000, 1_000


class Messages:
    """Gathers the object shapes of a definition, then declares them all at once."""

    def __init__(self) -> None:
        self._file = descriptor_pb2.FileDescriptorProto(
            name="definition.proto",
            package=PACKAGE,
            syntax="proto2",
            dependency=["google/protobuf/struct.proto", "google/protobuf/wrappers.proto"],
        )
        self.shapes: dict[str, Shape] = {}
        """Full name -> the shape it stands for."""
        self.names: dict[str, str] = {}
        """Full name -> what it is called, e.g. `data.address`."""

    def declare(self, shape: Shape, name: str) -> None:
        """Make a shape known, with all objects inside it; `name` is what messages call it."""
        if shape.kind == "object" and not shape.message:
            self._message(shape, name)
        elif shape.items is not None:
            self.declare(shape.items, f"{name}[…]")

    def pool(self) -> descriptor_pool.DescriptorPool:
        pool = descriptor_pool.DescriptorPool()
        for module in (struct_pb2, wrappers_pb2):
            pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        pool.AddSerializedFile(self._file.SerializeToString())
        return pool

    def _message(self, shape: Shape, name: str) -> None:
        local = f"T{len(self.shapes)}"
        shape.message = f"{PACKAGE}.{local}"
        self.shapes[shape.message] = shape
        self.names[shape.message] = f"`{name}`"
        message = self._file.message_type.add(name=local)
        # Names such as `fooBar` and `foo_bar` may stand side by side: nothing here is ever written as JSON.
        message.options.deprecated_legacy_json_field_conflicts = True
        for position, (key, item) in enumerate(shape.fields.items(), start=1):
            number = position if position < _FIRST_RESERVED else position + _RESERVED
            self._field(message, key, number, item, f"{name}.{key}")

    def _field(self, message: descriptor_pb2.DescriptorProto, key: str, number: int, shape: Shape, name: str) -> None:
        field = message.field.add(name=key, number=number, label=_Field.LABEL_OPTIONAL, json_name=f"f{number}")
        self.declare(shape, name)
        if shape.kind == "list" and not shape.nullable and shape.items is not None and _repeatable(shape.items):
            field.label = _Field.LABEL_REPEATED
            self._type(field, shape.items)
        elif shape.kind == "map" and not shape.nullable and shape.items is not None and _repeatable(shape.items):
            self._map(message, field, shape.items)
        else:
            self._type(field, shape)

    def _map(
        self, message: descriptor_pb2.DescriptorProto, field: descriptor_pb2.FieldDescriptorProto, items: Shape
    ) -> None:
        """A protobuf map: entries of a nested type whose name protobuf derives from the field's."""
        field.type = _Field.TYPE_MESSAGE
        name = "".join(part[:1].upper() + part[1:] for part in field.name.split("_")) + "Entry"
        if any(nested.name == name for nested in message.nested_type):
            field.type_name = _STRUCT
            return
        field.label = _Field.LABEL_REPEATED
        field.type_name = f".{PACKAGE}.{message.name}.{name}"
        entry = message.nested_type.add(name=name)
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=_Field.LABEL_OPTIONAL, type=_Field.TYPE_STRING)
        self._type(entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL), items)

    def _type(self, field: descriptor_pb2.FieldDescriptorProto, shape: Shape) -> None:
        if shape.kind in _SCALARS and not shape.nullable:
            field.type = _SCALARS[shape.kind]
            return
        field.type = _Field.TYPE_MESSAGE
        field.type_name = _message_name(shape)


def _message_name(shape: Shape) -> str:
    if shape.kind in WRAPPERS:
        return f".google.protobuf.{WRAPPERS[shape.kind]}"
    if shape.kind == "object":
        return f".{shape.message}"
    if shape.kind == "list" and not shape.nullable:
        return _LIST
    return _STRUCT if shape.kind == "map" and not shape.nullable else _VALUE


def _repeatable(items: Shape) -> bool:
    """A list of lists or of maps has no protobuf form of its own."""
    return items.kind not in ("list", "map")
