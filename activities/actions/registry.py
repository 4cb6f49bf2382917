"""The registry: the only things a definition can call, each with a typed signature.

- *sql actions* run inside the step's transaction and may refuse the step with `RuleRefused`;
- *activities* run after it, at least once, and fail with `ActionFailed`;
- *facts* only read.

Input and output are pydantic models; the compiler sees their JSON Schemas, the run validates by the models.
An area file makes its own `Registry` and decorates plain functions; `default` puts all areas together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from activities.actions.context import ActionFailed, ActivityCall, FactLook, SqlStep
from workflows.definition.catalogue import Catalogue, Signature
from workflows.domain.errors import InvalidInput, Unavailable


class Arguments(BaseModel):
    """Base of inputs: unknown names are refused, as everywhere in the language."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Arguments):
    """No input, or no output worth naming."""


Given = TypeVar("Given", bound=BaseModel)
Gives = TypeVar("Gives")

SqlFunction = Callable[[SqlStep, Given], Awaitable[Gives]]
ActivityFunction = Callable[[ActivityCall, Given], Awaitable[Gives]]
FactFunction = Callable[[FactLook, Given], Awaitable[Gives]]


@dataclass(frozen=True, slots=True)
class Entry:
    signature: Signature
    arguments: TypeAdapter[Any]
    result: TypeAdapter[Any]
    function: Callable[[Any, Any], Awaitable[Any]]


class Registry:
    """Names to functions. Two functions under one name are a programming error, found when the parts are joined."""

    def __init__(self, parts: Iterable[Registry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        for part in parts:
            for entry in part._entries.values():
                self._add(entry)

    def sql(
        self,
        name: str,
        *,
        title: str,
        input: type[Given],  # noqa: A002  the word of the signature
        output: type[Gives],
    ) -> Callable[[SqlFunction[Given, Gives]], SqlFunction[Given, Gives]]:
        """Registers a sql action."""
        return self._decorator(name, "sql", title, input, output)

    def activity(
        self,
        name: str,
        *,
        title: str,
        input: type[Given],  # noqa: A002  the word of the signature
        output: type[Gives],
    ) -> Callable[[ActivityFunction[Given, Gives]], ActivityFunction[Given, Gives]]:
        """Registers an activity."""
        return self._decorator(name, "activity", title, input, output)

    def fact(
        self,
        name: str,
        *,
        title: str,
        input: type[Given],  # noqa: A002  the word of the signature
        output: type[Gives],
    ) -> Callable[[FactFunction[Given, Gives]], FactFunction[Given, Gives]]:
        """Registers a fact; its output may be any type that has a JSON Schema."""
        return self._decorator(name, "fact", title, input, output)

    def catalogue(self) -> Catalogue:
        """What the compiler may let a definition call."""
        return Catalogue({name: entry.signature for name, entry in sorted(self._entries.items())})

    async def run_sql(self, step: SqlStep, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Runs a sql action inside the step's transaction.

        Raises:
            InvalidInput: the arguments do not fit the action's schema.
            RuleRefused: the action refuses the step.
            Unavailable: this build has no such action; another one may.
        """
        result: dict[str, Any] = await self._run("sql", step, action, arguments)
        return result

    async def run_activity(self, call: ActivityCall, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Runs an activity once.

        Raises:
            InvalidInput: the arguments do not fit; trying again does not help.
            ActionFailed: says itself whether trying again helps.
            Unavailable: this build has no such action; another one may.
        """
        result: dict[str, Any] = await self._run("activity", call, action, arguments)
        return result

    async def resolve_fact(self, look: FactLook, name: str, arguments: Mapping[str, Any]) -> Any:
        """The fact's value as plain JSON.

        Raises:
            InvalidInput: the arguments do not fit.
            Unavailable: this build has no such fact.
        """
        return await self._run("fact", look, name, arguments)

    async def _run(self, mode: str, context: object, name: str, arguments: Mapping[str, Any]) -> Any:
        entry = self._entries.get(name)
        if entry is None or entry.signature.mode != mode:
            # A worker of an older build may meet a newer definition while a release rolls out: waiting helps.
            raise Unavailable(f"this worker has no {mode} {name!r}", code="ACTION_UNKNOWN", details={"action": name})
        result = await entry.function(context, _validated(entry, arguments))
        return entry.result.dump_python(result, mode="json")

    def _decorator(
        self, name: str, mode: Literal["sql", "activity", "fact"], title: str, given: type, gives: type
    ) -> Callable[[Callable[[Any, Any], Awaitable[Any]]], Any]:
        arguments: TypeAdapter[Any] = TypeAdapter(given)
        result: TypeAdapter[Any] = TypeAdapter(gives)
        signature = Signature(
            name,
            mode,
            title,
            arguments.json_schema(mode="validation"),
            result.json_schema(mode="serialization"),
        )

        def register(function: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
            self._add(Entry(signature, arguments, result, function))
            return function

        return register

    def _add(self, entry: Entry) -> None:
        name = entry.signature.name
        if name in self._entries:
            msg = f"{name!r} is registered twice"
            raise ValueError(msg)
        self._entries[name] = entry


def _validated(entry: Entry, arguments: Mapping[str, Any]) -> Any:
    try:
        return entry.arguments.validate_python(dict(arguments))
    except ValidationError as problem:
        violations = [
            {
                "field": ".".join(str(part) for part in error["loc"]),
                "value": error["input"] if isinstance(error["input"], str | int | float | bool) else None,
                "constraint": error["msg"],
            }
            for error in problem.errors(include_url=False, include_context=False)
        ]
        name = entry.signature.name
        fields = ", ".join(str(violation["field"]) or "arguments" for violation in violations)
        raise InvalidInput(
            f"{name}: {fields} not acceptable",
            code="ARGUMENTS_INVALID",
            details={"action": name},
            violations=violations,
        ) from problem


@lru_cache(maxsize=1)
def default() -> Registry:
    """All actions of the product."""
    from activities.actions import documents, http, notices, stock, webhooks

    return Registry((stock.actions, notices.actions, http.actions, documents.actions, webhooks.actions))


__all__ = [
    "ActionFailed",
    "ActivityCall",
    "Arguments",
    "FactLook",
    "Nothing",
    "Registry",
    "SqlStep",
    "default",
]
