"""Quorum: transitions of a task that are votes. Each person votes once; the code that wins is taken.

It is decided as soon as nothing that is still to come can change the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workflows.definition.program import Quorum
from workflows.domain.errors import UnknownTransition
from workflows.engine.draft import Draft
from workflows.engine.permissions import in_words, task_at
from workflows.engine.standing import Standing, meant_as, persons, standing, task_model
from workflows.engine.tables import Arc

Vote = tuple[str, frozenset[str]]
"""A code, and which words of `required` and `veto` the voter is."""


def decision(quorum: Quorum, votes: Sequence[Vote]) -> str | None:
    """The code that the votes so far, in their order, have decided for; None: it is open still."""
    for number in range(1, len(votes) + 1):
        decided = _decided(quorum, votes[:number])
        if decided is not None:
            return decided
    return None


def _decided(quorum: Quorum, votes: Sequence[Vote]) -> str | None:
    """With the last vote; those before it had decided nothing."""
    code, words = votes[-1]
    veto = quorum.veto
    if veto is not None and code == veto.code and words & set(veto.by):
        return veto.code
    if code in quorum.codes and _missing(quorum, votes, code) == 0:
        return code
    left = quorum.of - len(votes)
    possible = {other for other in quorum.codes if _missing(quorum, votes, other) <= left}
    if veto is not None and left > 0:
        possible.add(veto.code)
    return quorum.otherwise if possible <= {quorum.otherwise} else None


def _missing(quorum: Quorum, votes: Sequence[Vote], code: str) -> int:
    """Votes that the code still needs: one voter may be everybody who is required."""
    given = [words for voted, words in votes if voted == code]
    heard = frozenset[str]().union(*given)
    required = all(word in heard for word in quorum.required.get(code, ()))
    return max(quorum.codes[code] - len(given), 0 if required else 1)


def objection(draft: Draft, arc: Arc) -> Standing | None:
    """Why the actor, who may take the transition, has no vote in it (any more)."""
    task = _voted_on(draft, arc)
    if task is None:
        return None
    if task.get("decided") is not None:
        reason = f"The vote is over: {in_words(task['decided'])}"
        return Standing(False, error="VOTE_DECIDED", reason=reason, details={"decided": task["decided"]})
    acting = persons(draft.event.actor, standing(draft, arc).principal)
    for vote in task.get("votes", {}).values():
        name = next((name for name in acting if name in vote["persons"]), None)
        if name is not None:
            who = "You have" if name == draft.event.actor.username else f"{name} has"
            details = {"username": name, "code": vote["code"]}
            return Standing(False, error="ALREADY_VOTED", reason=f"{who} voted already", details=details)
    return None


def cast(draft: Draft, arc: Arc) -> str | None:
    """The code of the transition to take now: its own where it is no vote, the winner of a vote, None: undecided.

    Raises:
        UnknownTransition: the vote is over, or the person has voted.
    """
    task, code = _voted_on(draft, arc), arc.model.code
    if task is None or code is None:
        return code
    refused = objection(draft, arc)
    if refused is not None:
        raise UnknownTransition(refused.reason or "", code=refused.error, details=refused.details)
    quorum = task_model(draft, task).quorum
    assert quorum is not None, "what is voted on has a quorum"
    votes = {**task.get("votes", {}), draft.event.actor.username: _vote(draft, code, quorum)}
    decided = decision(quorum, [(vote["code"], frozenset(vote["as"])) for vote in votes.values()])
    changed = {**task, "votes": votes} | ({"decided": decided} if decided is not None else {})
    key = next(key for key, other in draft.tasks.items() if other is task)
    draft.own("tasks")[key] = changed
    draft.effects.append(
        {
            "kind": "vote",
            "state": task["state"],
            "task": key,
            "code": code,
            "username": draft.event.actor.username,
            "on_behalf_of": draft.principal.username if draft.principal else None,
            "decided": decided,
        }
    )
    return decided


def _vote(draft: Draft, code: str, quorum: Quorum) -> dict[str, Any]:
    actor, principal = draft.event.actor, draft.principal
    words = [
        *(word for of_code in quorum.required.values() for word in of_code),
        *(quorum.veto.by if quorum.veto else ()),
    ]
    comment = draft.payload.get("comment") if isinstance(draft.payload, dict) else None
    return {
        "code": code,
        "persons": persons(actor, principal),
        "on_behalf_of": principal.username if principal else None,
        "at": draft.event.at,
        "comment": comment if isinstance(comment, str) else None,
        "as": [word for word in dict.fromkeys(words) if meant_as(word, actor, principal)],
    }


def _voted_on(draft: Draft, arc: Arc) -> dict[str, Any] | None:
    """The open task in which the transition is a vote; the system has none."""
    if draft.event.actor.kind == "system" or not draft.tasks:
        return None
    task = task_at(draft, arc.source)
    quorum = task_model(draft, task).quorum if task is not None else None
    return task if quorum is not None and arc.model.code in quorum.codes else None
