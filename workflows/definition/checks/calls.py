"""Calls of actions and facts: registered, and with the arguments they declare."""

from __future__ import annotations

from workflows.definition.catalogue import Signature
from workflows.definition.checks.types import Types
from workflows.definition.lower.context import Call, Lowering
from workflows.definition.reader import Path
from workflows.definition.suggestions import did_you_mean
from workflows.definition.typing.fit import misfits
from workflows.definition.typing.shapes import Shape, shape_of

_A = {"sql": "an action", "activity": "an action", "fact": "a fact"}
_MODES = {"action": ("sql", "activity"), "fact": ("fact",)}


def check_calls(lowering: Lowering, types: Types) -> None:
    for call in lowering.calls:
        modes = _MODES[call.mode]
        signature = lowering.catalogue.get(call.name, *modes)
        if signature is None:
            _unknown(lowering, call, modes)
        elif signature.input:
            _arguments(lowering, types, call, signature)


def _unknown(lowering: Lowering, call: Call, modes: tuple[str, ...]) -> None:
    known = sorted(item.name for item in lowering.catalogue.signatures.values() if item.mode in modes)
    code = "J401" if call.mode == "action" else "J402"
    other = lowering.catalogue.get(call.name)
    hint = f"`{call.name}` is {_A[other.mode]}" if other is not None else did_you_mean(call.name, known)
    lowering.problem(code, call.path, f"the {call.mode} `{call.name}` is not registered", hint)


def _arguments(lowering: Lowering, types: Types, call: Call, signature: Signature) -> None:
    properties = signature.input.get("properties", {})
    for name in signature.input.get("required", ()):
        if name not in call.arguments:
            lowering.problem("J405", call.path, f"`{call.name}` needs the argument `{name}`", key=True)
    shape = shape_of(signature.input)

    def type_of(source: str, path: Path) -> Shape:
        return types.shape(source, call.names)

    for name, raw in call.arguments.items():
        path = (*call.arguments_path, name)
        if name not in properties and signature.input.get("additionalProperties", False) is False:
            hint = did_you_mean(name, properties) or f"known: {', '.join(properties)}"
            lowering.problem("J406", path, f"`{call.name}` has no argument `{name}`", hint, key=True)
        elif name in shape.fields:
            for at, message, suggestion in misfits(raw, shape.fields[name], path, type_of):
                lowering.problem("J407", at, f"`{name}` of `{call.name}`: {message}", suggestion)
