"""The JSON Schema of definition files, for editors; made from the document model.

`python -m workflows.definition.editor_schema FILE` writes it; a test holds the file in `definitions/schema` equal.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from workflows.definition.document.process import ProcessDocument

TITLE = "Jidoka process definition"


def editor_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 with the sentences of the document model as descriptions."""
    schema = _tidy(ProcessDocument.model_json_schema(by_alias=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
        **{key: item for key, item in schema.items() if key != "$defs"},
        "$defs": schema.get("$defs", {}),
    }


def render() -> str:
    """The text of the file."""
    return json.dumps(editor_schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(value: Any, *, names: bool = False) -> Any:
    """Without the titles that pydantic makes of names; `names`: the keys are names themselves, not keywords."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: _tidy(item) for key, item in value.items()}
    value = _without_null({key: item for key, item in value.items() if key not in ("title", "discriminator")})
    if "patternProperties" in value:
        value["additionalProperties"] = False
    return {key: _tidy(item, names=key in ("properties", "patternProperties", "$defs")) for key, item in value.items()}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A key that may be left out is not to be left empty."""
    if schema.get("default", ...) is None:
        del schema["default"]
    kinds = [item for item in schema.get("anyOf", ()) if item != {"type": "null"}]
    if len(kinds) == len(schema.get("anyOf", ())):
        return schema
    rest = {key: item for key, item in schema.items() if key != "anyOf"}
    return {**kinds[0], **rest} if len(kinds) == 1 else {"anyOf": kinds, **rest}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
