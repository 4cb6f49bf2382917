"""Calls of actions and facts: registered, and with the arguments they declare."""

from __future__ import annotations

from workflows.definition.lower.context import Call, Lowering
from workflows.definition.suggestions import did_you_mean

_MODES = {"action": ("sql", "activity"), "fact": ("fact",)}


def check_calls(lowering: Lowering) -> None:
    for call in lowering.calls:
        _check(lowering, call)


def _check(lowering: Lowering, call: Call) -> None:
    modes = _MODES[call.mode]
    signature = lowering.catalogue.get(call.name, *modes)
    if signature is None:
        known = sorted(item.name for item in lowering.catalogue.signatures.values() if item.mode in modes)
        code = "J401" if call.mode == "action" else "J402"
        hint = did_you_mean(call.name, known)
        lowering.problem(code, call.path, f"the {call.mode} `{call.name}` is not registered", hint)
        return
