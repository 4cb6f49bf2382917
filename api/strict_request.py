"""Bodies as the API takes them: bounded in size, and JSON that every later part can hold.

What PostgreSQL, CEL or another JSON reader could not represent (NaN, NUL, lone surrogates, integers beyond 64 bits,
repeated keys) is refused at the door with its place, not found out three rooms later.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from workflows.domain.errors import InvalidInput, PayloadTooLarge

_LARGEST_INTEGER = 2**63 - 1
_DEEPEST = 64


class BodyTooLarge(HTTPException):
    """FastAPI hands HTTP errors on untouched while it reads a body; anything else would become a 400."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, detail=f"The body is larger than {limit} bytes")
        self.error = PayloadTooLarge(self.detail, details={"limit_bytes": limit})


class BodyRefused(HTTPException):
    def __init__(self, error: InvalidInput) -> None:
        super().__init__(400, detail=error.message)
        self.error = error


class StrictRequest(Request):
    """A request whose body has a limit and whose `json()` is strict."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._limit = limit
        super().__init__(scope, self._bounded(receive))
        declared = self.headers.get("content-length", "")
        self._declared = int(declared) if declared.isdigit() else 0

    def narrow(self, limit: int) -> None:
        """From now on the body may have `limit` bytes at most.

        Raises:
            BodyTooLarge: it says itself that it has more.
        """
        self._limit = min(self._limit, limit)
        if self._declared > self._limit:
            raise BodyTooLarge(self._limit)

    async def body(self) -> bytes:
        if self._declared > self._limit:
            raise BodyTooLarge(self._limit)
        return await super().body()

    def _bounded(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._limit:
                    raise BodyTooLarge(self._limit)
            return message

        return counted

    async def json(self) -> Any:
        try:
            return strict_json(await self.body())
        except InvalidInput as problem:
            raise BodyRefused(problem) from problem


def strict_json(raw: bytes) -> Any:
    """
    Raises:
        InvalidInput: not JSON, or JSON that could not be stored as it stands.
    """
    try:
        value = json.loads(raw.decode(), parse_constant=_no_constant, parse_int=_integer, object_pairs_hook=_distinct)
        _check(value, 0)
    except _Refused as refused:
        raise _violation(str(refused)) from refused
    except UnicodeDecodeError as problem:
        raise _violation("is not UTF-8") from problem
    except json.JSONDecodeError as problem:
        raise _violation(f"is not JSON: {problem.msg} at position {problem.pos}") from problem
    except RecursionError as problem:
        raise _violation(f"is nested deeper than {_DEEPEST} levels") from problem
    return value


class _Refused(Exception):
    pass


def _violation(constraint: str) -> InvalidInput:
    return InvalidInput(
        f"The body {constraint}", violations=[{"field": "body", "value": None, "constraint": constraint}]
    )


def _no_constant(name: str) -> Any:
    raise _Refused(f"contains {name}, which is not JSON")


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > _LARGEST_INTEGER:
        raise _Refused("contains an integer beyond 64 bits")
    return int(text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        ((repeated, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise _Refused(f"repeats the key {repeated!r}")
    return found


def _check(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise _Refused(f"is nested deeper than {_DEEPEST} levels")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float):
        # 1e999 is valid JSON and becomes infinity.
        if value in (float("inf"), float("-inf")):
            raise _Refused("contains a number beyond the range of a double")
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check(item, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise _Refused("contains a NUL character")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _Refused("contains half of a surrogate pair")
