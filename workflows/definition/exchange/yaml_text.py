"""Plain values as YAML in block style, for definitions that a program writes and a person goes on with.

Only what the strict reader takes: no anchors, no tags, texts in double quotes wherever they could be taken for
something else.
"""

from __future__ import annotations

import json
import re
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(?: [A-Za-z0-9_.-]+)*")
_TAKEN = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"])
"""Words that some reader of YAML takes for a value of another type."""


def yaml_text(value: dict[str, Any]) -> str:
    """The document, ending with a line break."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: dict[str, Any] | list[Any]) -> list[str]:
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            lines += _entry(f"{_scalar(key)}:", item)
    else:
        for item in value:
            if isinstance(item, dict | list) and item:
                first, *rest = _lines(item)
                lines += [f"- {first}", *(f"  {line}" for line in rest)]
            else:
                lines.append(f"- {_scalar(item)}")
    return lines


def _entry(head: str, item: Any) -> list[str]:
    if isinstance(item, dict | list) and item:
        return [head, *(f"  {line}" for line in _lines(item))]
    return [f"{head} {_scalar(item)}"]


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _TAKEN:
            return value
        return json.dumps(value, ensure_ascii=not value.isprintable())
    return json.dumps(value)
