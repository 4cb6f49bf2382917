"""What of a program an exporter does not know yet: so that a field that is added to a Program is never lost quietly.

The table lists what `scxml_export` and `yaml_export` write in words of their own. SCXML carries the rest as JSON;
a definition in YAML refuses it.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from workflows.definition import program as form

_WORDS: dict[type[BaseModel], frozenset[str]] = {
    form.Set: frozenset({"kind", "values"}),
    form.Raise: frozenset({"kind", "event", "data", "content"}),
    form.Send: frozenset({"kind", "event", "data", "process", "number", "delay", "id", "content"}),
    form.Cancel: frozenset({"kind", "id"}),
    form.Emit: frozenset({"kind", "event", "data"}),
    form.Do: frozenset(
        {"kind", "id", "action", "mode", "with_", "retry", "timeout_s", "compensate", "handles_failure"}
    ),
    form.Start: frozenset({"kind", "id", "process", "data", "number"}),
    form.Compensate: frozenset({"kind"}),
    form.If: frozenset({"kind", "branches", "otherwise"}),
    form.ForEach: frozenset({"kind", "of", "item", "index", "actions"}),
    form.Log: frozenset({"kind", "label", "value"}),
    form.Assign: frozenset({"kind", "state", "to"}),
    form.Transition: frozenset(
        {
            "id", "code", "events", "when", "targets", "internal", "actions", "by", "title", "require", "form",
            "refusal",
        }
    ),
    form.Timer: frozenset({"id", "event", "after", "at"}),
    form.Task: frozenset({"title", "candidates", "assignee", "form", "due", "priority"}),
    form.Invoke: frozenset({"process", "of", "item", "with_", "sequential", "until", "handles_failure"}),
    form.State: frozenset(
        {
            "id", "kind", "deep", "title", "category", "initial", "entry", "exit", "transitions", "timers", "task",
            "invoke", "result", "content", "children",
        }
    ),
    form.Program: frozenset(
        {
            "format", "process", "version", "title", "number", "start_by", "start_form", "start_require",
            "data_schema", "data", "facts", "initial", "states", "script", "max_microsteps",
        }
    ),
}  # fmt: skip


def is_known(model: BaseModel) -> bool:
    """Whether the exporters have words for this kind at all."""
    return type(model) in _WORDS


def remainder(model: BaseModel) -> dict[str, Any]:
    """Fields that have a value and no words, as JSON by alias; usually none."""
    fields = type(model).model_fields
    names = {
        name
        for name, info in fields.items()
        if name not in _WORDS.get(type(model), ())
        and getattr(model, name) != info.get_default(call_default_factory=True)
    }
    return model.model_dump(mode="json", by_alias=True, include=names) if names else {}
