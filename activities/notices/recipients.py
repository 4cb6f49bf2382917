"""From the words of a definition to people and addresses, and which words mean nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.outbound.mail import ADDRESS
from activities.store.repositories import recipients
from activities.store.repositories.recipients import Person

KINDS = ("user", "role", "group")
ALERTED_ROLES = ("admin", "process_owner")
"""Who hears of incidents."""


class Malformed(ValueError):
    """A word that can name nobody."""


@dataclass(frozen=True, slots=True)
class Reached:
    people: Sequence[Person]
    addresses: Sequence[str]
    """Outside addresses; nobody here has them."""
    unreached: Sequence[str]
    """Words that mean no active person."""


async def named_now(
    connection: AsyncConnection, tenant: str, process: str, entity_id: int, words: Iterable[str], state: str
) -> list[str]:
    """The words with `assignee`, `candidates` and `creator` replaced by whom they mean now."""
    named: list[str] = []
    for word in words:
        if word in ("assignee", "candidates"):
            task = await recipients.concerned(connection, tenant, process, entity_id, state)
            alone = word == "assignee" and task.assignee
            named += [f"user:{task.assignee}"] if alone else task.candidates
        elif word == "creator":
            creator = await recipients.creator(connection, tenant, process, entity_id)
            named += [f"user:{creator}"] if creator else []
        else:
            named.append(word)
    return list(dict.fromkeys(named))


async def reach(connection: AsyncConnection, tenant: str, named: Iterable[str], at: dt.datetime) -> Reached:
    """Who is meant, with those who stand in for whoever is away; the substitute of a substitute is not.

    Raises:
        Malformed: a word can name nobody.
    """
    addresses: list[str] = []
    by_kind: dict[str, list[str]] = {kind: [] for kind in KINDS}
    words = [_kind_and_name(word) for word in named]
    for kind, name in words:
        (addresses if kind == "address" else by_kind[kind]).append(name)
    people = await recipients.people(
        connection, tenant, names=by_kind["user"], roles=by_kind["role"], groups=by_kind["group"]
    )
    stand_ins = await recipients.substitutes(connection, tenant, [person.username for person in people], at)
    if stand_ins:
        meant = {person.username for person in people}
        found = await recipients.people(connection, tenant, names=stand_ins)
        people += [person for person in found if person.username not in meant]
    own = {person.email for person in people}
    unreached = [
        f"{kind}:{name}"
        for kind, name in words
        if kind != "address" and not any(_is(person, kind, name) for person in people)
    ]
    return Reached(people, sorted(set(addresses) - own), list(dict.fromkeys(unreached)))


async def admins(connection: AsyncConnection, tenant: str) -> list[Person]:
    return await recipients.people(connection, tenant, roles=["admin"])


def writable(address: str | None) -> bool:
    """Whether a letter can be addressed to it."""
    return address is not None and ADDRESS.fullmatch(address) is not None


def _kind_and_name(word: str) -> tuple[str, str]:
    kind, separator, name = word.partition(":")
    if separator and kind in KINDS and name:
        return kind, name
    if ADDRESS.fullmatch(word):
        return "address", word
    if word and not separator and all(char.isalnum() or char in "_.-" for char in word):
        return "user", word
    raise Malformed(f"{word[:80]!r} names nobody")


def _is(person: Person, kind: str, name: str) -> bool:
    if kind == "user":
        return person.username.lower() == name.lower()
    return name in (person.roles if kind == "role" else person.groups)
