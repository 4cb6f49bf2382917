"""What the definitions of these tests may call."""

from __future__ import annotations

from typing import Any

from workflows.definition.catalogue import Catalogue, Signature

_LOT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 100}
_HOLD: dict[str, Any] = {
    "type": "object",
    "properties": {"lot": _LOT, "reason": {"type": "string", "minLength": 1}, "quantity": {"type": "number"}},
    "required": ["lot", "reason"],
    "additionalProperties": False,
}
_RELEASE: dict[str, Any] = {
    "type": "object",
    "properties": {"lot": _LOT},
    "required": ["lot"],
    "additionalProperties": False,
}
_REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "method": {"enum": ["GET", "POST"]},
        "url": {"type": "string"},
        "body": {"type": "object", "additionalProperties": True},
    },
    "required": ["url"],
    "additionalProperties": False,
}
_RESPONSE: dict[str, Any] = {
    "type": "object",
    "properties": {"status": {"type": "integer"}, "body": {}},
    "required": ["status"],
}

_SIGNATURES = (
    Signature("stock.hold", "sql", "Hold a lot", _HOLD, {"type": "object"}),
    Signature("stock.release", "sql", "Release a lot", _RELEASE, {"type": "object"}),
    Signature("http.request", "activity", "Call a server", _REQUEST, _RESPONSE),
    Signature("erp.book", "activity", "Book in the ERP", _RELEASE, {"type": "object"}),
    Signature("erp.unbook", "activity", "Take a booking back", _RELEASE, {"type": "object"}),
    Signature("notify.email", "activity", "Send an e-mail"),
    Signature("document.pdf", "activity", "Make a PDF"),
    Signature("holds.open_for", "fact", "Open holds of a lot", _RELEASE, {"type": "integer"}),
    Signature("lots.of", "fact", "A lot", _RELEASE, {"type": "object", "properties": {"qty": {"type": "number"}}}),
)

CATALOGUE = Catalogue(
    {signature.name: signature for signature in _SIGNATURES},
    processes=frozenset({"order", "ncr_report", "disposition", "inspection"}),
)
